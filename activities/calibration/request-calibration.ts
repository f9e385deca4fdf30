import type { Client } from '@temporalio/client'
import { QuantloopError } from '#contracts/errors.ts'
import { calibrateWorkflowId } from '#contracts/ids.ts'
import { recipeHashOf } from '#contracts/recipe-hash.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import type { CalibrateInput, CalibrateResult } from '#contracts/supervision.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { RequestOrigin } from '#contracts/words.ts'
import type { Database } from '#db/client.ts'
import { findCalibration, readFittedRecipe } from '#db/queries/calibrations.ts'
import { endedWhileWaiting } from '../waiter.ts'

/** `waiter` is the id of a workflow that gets the signal `nudge` when the calibration has ended. */
export type CalibrationRequest = { model: { name: string; version: number }; waiter: string; origin: RequestOrigin }

/**
 * Joins the calibration of this version's recipe, or starts it on the build that the version was fitted on; a ready one
 * is answered at once. A failed or stopped one is answered when it ended after the waiter began, for then the waiter
 * asked for it; an older one is tried again.
 * @throws QuantloopError not_found
 */
export async function requestCalibration(db: Database, client: Client, request: CalibrationRequest): Promise<CalibrateResult> {
  const { model, waiter, origin } = request
  const fitted = await readFittedRecipe(db, model)
  if (fitted === undefined || fitted.build.manifest === null)
    throw new QuantloopError(
      'not_found',
      `${model.name}@${model.version} has no training run with a finished feature build to calibrate on`,
      {
        model: model.name,
        version: model.version,
      },
    )
  const { dataset } = fitted.recipe
  const recipeHash = recipeHashOf(fitted.recipe)
  const known = await findCalibration(db, recipeHash)
  if (known !== undefined && (known.state === 'ready' || (await endedWhileWaiting(client, waiter, known.endedAt)))) {
    const { endedAt: _, ...answer } = known
    return answer
  }

  const input: CalibrateInput = { recipeHash, model, build: { id: fitted.build.id, manifest: fitted.build.manifest }, origin }
  await client.workflow.signalWithStart('calibrateRecipe', {
    workflowId: calibrateWorkflowId(recipeHash),
    taskQueue: taskQueues.orchestration,
    args: [input],
    signal: 'awaitCalibration',
    signalArgs: [{ workflowId: waiter }],
    memo: { bodySha256: origin.bodySha256 },
    typedSearchAttributes: [
      { key: searchAttributeKey('Dataset'), value: dataset },
      { key: searchAttributeKey('ModelName'), value: model.name },
      { key: searchAttributeKey('TriggeredBy'), value: origin.by },
    ],
    staticSummary: `calibration of the recipe of ${model.name}@${model.version}`,
  })
  const state = known === undefined || known.endedAt !== null ? 'running' : known.state
  return { recipeHash, state, walkForward: null, failure: null }
}
