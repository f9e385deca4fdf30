import { derivedId } from '#contracts/derived-id.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import { recipeHashOf } from '#contracts/recipe-hash.ts'
import type { CalibrateInput } from '#contracts/supervision.ts'
import type { Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { readFittedRecipe } from '#db/queries/calibrations.ts'
import { planWalkForward } from '#domain/evaluation/walk-forward.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'

/** `runId` is what the trainer fits it under: the same on every try, so that a fit goes on from its checkpoint. */
export type PlannedFold = { runId: string; recipe: Recipe; trainedThrough: string; from: string; to: string }

/**
 * The folds of a recipe's walk-forward. The recipe is that of the version's training run.
 * @throws QuantloopError not_found | conflict | segment_empty | object_missing | object_corrupt
 */
export async function planFolds(db: Database, objects: ObjectStore, { recipeHash, model, build }: CalibrateInput): Promise<PlannedFold[]> {
  const recipe = (await readFittedRecipe(db, model))?.recipe
  if (recipe === undefined)
    throw new QuantloopError('not_found', `${model.name}@${model.version} has no training run whose recipe could be calibrated`)
  if (recipeHashOf(recipe) !== recipeHash)
    throw new QuantloopError(
      'conflict',
      `the calibration was asked for the recipe ${recipeHash}, but that of ${model.name}@${model.version} is ${recipeHashOf(recipe)}`,
    )
  const manifest = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
  return planWalkForward(recipe, manifest.sessions, manifest.label.reach).map((fold, index) => ({
    // a checkpoint belongs to one build, so a fit on another has another id
    runId: derivedId(`calibration/${recipeHash}/${build.manifest.sha256}/${index}`),
    recipe: fold.recipe,
    trainedThrough: fold.trainedThrough,
    from: fold.sessions[0]!,
    to: fold.sessions.at(-1)!,
  }))
}
