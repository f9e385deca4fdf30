import { and, eq } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { CalibrateResult } from '#contracts/supervision.ts'
import type { Recipe } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { calibration, featureBuild, modelVersion, trainingRun } from '../schema.ts'
import { isoOrNull } from './timestamps.ts'

export async function findCalibration(
  db: Executor,
  recipeHash: string,
): Promise<(CalibrateResult & { endedAt: string | null }) | undefined> {
  const [row] = await db.select().from(calibration).where(eq(calibration.recipeHash, recipeHash))
  return (
    row && {
      recipeHash: row.recipeHash,
      state: row.state,
      walkForward: row.walkForward,
      failure: row.failure,
      endedAt: isoOrNull(row.endedAt),
    }
  )
}

/** What a model version was fitted by and on; the manifest is null while its build is not ready. */
export async function readFittedRecipe(
  db: Executor,
  model: { name: string; version: number },
): Promise<{ recipe: Recipe; build: { id: string; manifest: ObjectRef | null } } | undefined> {
  const [row] = await db
    .select({ recipe: trainingRun.recipe, id: featureBuild.id, manifest: featureBuild.manifest })
    .from(modelVersion)
    .innerJoin(trainingRun, eq(trainingRun.id, modelVersion.runId))
    .innerJoin(featureBuild, eq(featureBuild.id, modelVersion.buildId))
    .where(and(eq(modelVersion.name, model.name), eq(modelVersion.version, model.version)))
  return row && { recipe: row.recipe, build: { id: row.id, manifest: row.manifest } }
}
