import type { ObjectRef } from '#contracts/references.ts'
import { FoldErrors, WalkForward } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { closeCalibration } from '#db/commands/close-calibration.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { readJson } from '../training/read-json.ts'

/** `folds` are FoldErrors, in order. */
export type ForecastWalk = { recipeHash: string; folds: ObjectRef[] }

/** Joins the folds' errors into one stored WalkForward, with which the calibration is ready. */
export async function publishWalkForward(db: Database, objects: ObjectStore, { recipeHash, folds }: ForecastWalk): Promise<ObjectRef> {
  const errors = await Promise.all(folds.map((fold) => readJson(objects, fold, FoldErrors, 'fold of a walk-forward')))
  const walk = WalkForward.parse({
    format: 1,
    recipeHash,
    folds: errors.map(({ fold }) => fold),
    sessions: errors.flatMap(({ sessions }) => sessions),
  } satisfies WalkForward)
  const walkForward = await putJson(objects, walk)
  await closeCalibration(db, { recipeHash, state: 'ready', walkForward })
  return walkForward
}
