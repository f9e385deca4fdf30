/** The real workflow, beside one that waits for it as a supervisor does. */
import { proxyActivities } from '@temporalio/workflow'
import type { CalibrationRequestActivities } from '#activities/calibration.ts'
import type { CalibrateResult } from '#contracts/supervision.ts'
import { DurableRun } from '#workflows/durable.ts'
import { atomic } from '#workflows/proxies.ts'

export { calibrateRecipe } from '#workflows/calibrate-recipe.ts'

const calibrations = proxyActivities<CalibrationRequestActivities>(atomic)

type Request = Parameters<CalibrationRequestActivities['requestCalibration']>[0]

/** Asks, and asks again at each nudge, until `rounds` outcomes were answered. A day without a nudge would fail the test's time limit. */
export async function waitForCalibration(runId: string, request: Request, rounds: number): Promise<CalibrateResult[]> {
  const run = new DurableRun('training-run', runId)
  run.listen()
  return await run.live<CalibrateResult[]>({
    open: async () => {},
    story: async () => {
      const outcomes: CalibrateResult[] = []
      for (;;) {
        const answer = await run.step('calibration', () => calibrations.requestCalibration(request))
        if (answer.state === 'ready' || answer.state === 'failed' || answer.state === 'stopped') outcomes.push(answer)
        else await run.nudged('calibration', 86_400_000)
        if (outcomes.length === rounds) return outcomes
      }
    },
    stopped: async () => [],
    failed: async () => {},
  })
}
