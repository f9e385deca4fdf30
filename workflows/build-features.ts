import { CancellationScope, proxyActivities, setHandler } from '@temporalio/workflow'
import type { FeatureBuildActivities, FeatureComputeActivities, ShardsResult } from '#activities/features.ts'
import type { BuildInput, BuildResult } from '#contracts/features.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { awaitBuild } from './messages/features.ts'
import { onTheSpot } from './on-the-spot.ts'
import { interruptible } from './proxies.ts'
import { Waiters } from './waiters.ts'

const builds = onTheSpot<FeatureBuildActivities>()
const compute = proxyActivities<FeatureComputeActivities>({ ...interruptible, taskQueue: taskQueues.features })

/** Computes a feature set and a label over a snapshot, shared by all who ask for the same. */
export async function buildFeatures(input: BuildInput): Promise<BuildResult> {
  const { buildId } = input
  const run = new DurableRun('feature-build', buildId)
  const waiters = new Waiters()
  setHandler(awaitBuild, ({ workflowId }) => waiters.add(workflowId))
  run.listen()

  const end = async (state: 'failed' | 'stopped', reason: string): Promise<BuildResult> => {
    await builds.closeFeatureBuild({ buildId, state, reason })
    return { buildId, state, manifest: null, failure: reason }
  }
  let ready: BuildResult['manifest'] = null

  try {
    return await run.live<BuildResult>({
      open: async () => {
        ready = await builds.openFeatureBuild(input)
      },
      story: async () => {
        if (ready !== null) return { buildId, state: 'ready', manifest: ready, failure: null }
        const plan = await run.step('plan', () => builds.planFeatureBuild(input))
        const done = new Map<number, ShardsResult>()
        const results = await run.pausable('compute', () =>
          untilAllEnd(plan.batches, done, (groups, batch) =>
            compute.computeFeatureShards({
              progress: { buildId, batch },
              snapshot: plan.snapshot,
              asOf: input.asOf,
              groups,
              featureSet: input.featureSet,
              label: input.label,
            }),
          ),
        )
        const manifest = await run.conclude('publish', () => builds.publishFeatureBuild(input, results))
        return { buildId, state: 'ready', manifest, failure: null }
      },
      stopped: (by) => end('stopped', `stopped by ${by}`),
      failed: (reason) => end('failed', reason),
    })
  } finally {
    await waiters.nudge()
  }
}

/**
 * Works on all items at once and answers in their order. What `done` holds from before a pause is kept. The first
 * failure cancels the others; either way it returns when every one has closed and its worker slot is free.
 */
async function untilAllEnd<Item, Result>(
  items: readonly Item[],
  done: Map<number, Result>,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const scope = new CancellationScope()
  let failure: { cause: unknown } | undefined
  await scope.run(() =>
    Promise.all(
      items.map(async (item, index) => {
        if (done.has(index)) return
        try {
          done.set(index, await work(item, index))
        } catch (cause) {
          failure ??= { cause }
          scope.cancel()
        }
      }),
    ),
  )
  if (failure !== undefined) throw failure.cause
  return items.map((_, index) => done.get(index)!)
}
