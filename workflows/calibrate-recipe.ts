import { proxyActivities, setHandler } from '@temporalio/workflow'
import type { CalibrationActivities } from '#activities/calibration.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { CalibrateInput, CalibrateResult } from '#contracts/supervision.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { awaitCalibration } from './messages/calibration.ts'
import { atomic, interruptible, trainer } from './proxies.ts'
import { Waiters } from './waiters.ts'

const calibrations = proxyActivities<CalibrationActivities>(atomic)
const forecasts = proxyActivities<CalibrationActivities>({ ...interruptible, taskQueue: taskQueues.orchestration })

/** The walk-forward errors of a recipe, shared by all who ask for them: each fold is fitted, then forecast by its fit. */
export async function calibrateRecipe(input: CalibrateInput): Promise<CalibrateResult> {
  const { recipeHash, build } = input
  const run = new DurableRun('calibration', recipeHash)
  const waiters = new Waiters()
  setHandler(awaitCalibration, ({ workflowId }) => waiters.add(workflowId))
  run.listen()

  const end = async (state: 'failed' | 'stopped', reason: string): Promise<CalibrateResult> => {
    await calibrations.closeCalibration({ recipeHash, state, reason })
    return { recipeHash, state, walkForward: null, failure: reason }
  }
  const ready = (walkForward: ObjectRef): CalibrateResult => ({ recipeHash, state: 'ready', walkForward, failure: null })
  let known: ObjectRef | null = null

  try {
    return await run.live<CalibrateResult>({
      open: async () => {
        known = await calibrations.openCalibration(input)
      },
      story: async () => {
        if (known !== null) return ready(known)
        const errors: ObjectRef[] = []
        for (const fold of await run.step('plan', () => calibrations.planFolds(input))) {
          const { runId, recipe, from, to } = fold
          const fit = await run.pausable(`fit for ${from}`, () => trainer.fitModel({ runId, recipe, build: build.manifest }))
          errors.push(await run.pausable(`forecast ${from} to ${to}`, () => forecasts.forecastFold({ build, fold, fit })))
        }
        return ready(await run.conclude('publish', () => calibrations.publishWalkForward({ recipeHash, folds: errors })))
      },
      stopped: (by) => end('stopped', `stopped by ${by}`),
      failed: (reason) => end('failed', reason),
    })
  } finally {
    await waiters.nudge()
  }
}
