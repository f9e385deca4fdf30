/** The real workflow, beside one that waits for it as a training run does. */
import { condition, proxyActivities, setHandler } from '@temporalio/workflow'
import type { FeatureRequestActivities } from '#activities/features.ts'
import type { BuildResult } from '#contracts/features.ts'
import { DurableRun } from '#workflows/durable.ts'
import { nudge } from '#workflows/messages/run.ts'
import { atomic } from '#workflows/proxies.ts'

export { buildFeatures } from '#workflows/build-features.ts'

const features = proxyActivities<FeatureRequestActivities>(atomic)

type Request = Parameters<FeatureRequestActivities['requestFeatureBuild']>[0]

/** Asks, and asks again at each nudge: a day without one would fail the test's time limit. */
export async function waitForBuild(runId: string, request: Request): Promise<BuildResult> {
  const run = new DurableRun('training-run', runId)
  run.listen()
  return await run.live<BuildResult>({
    open: async () => {},
    story: async () => {
      for (;;) {
        const build = await run.step('features', () => features.requestFeatureBuild(request))
        if (build.state === 'ready' || build.state === 'failed' || build.state === 'stopped') return build
        await run.nudged('features', 86_400_000)
      }
    },
    stopped: async (by) => ({ buildId: '', state: 'stopped', manifest: null, failure: by }),
    failed: async () => {},
  })
}

/** Ends when it is nudged. */
export async function waitForNudge(): Promise<void> {
  let nudged = false
  setHandler(nudge, () => void (nudged = true))
  await condition(() => nudged)
}
