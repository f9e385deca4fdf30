import { CancellationScope, proxyActivities, setHandler } from '@temporalio/workflow'
import type {
  BuildPlan,
  ColumnCounts,
  CrossSectionsResult,
  FeatureBuildActivities,
  FeatureComputeActivities,
  OperandsResult,
  ShardsResult,
} from '#activities/features.ts'
import type { BuildInput, BuildResult } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { awaitBuild } from './messages/features.ts'
import { ifOnTheSpot, onTheSpot } from './on-the-spot.ts'
import { interruptible } from './proxies.ts'
import { Waiters } from './waiters.ts'

const builds = onTheSpot<FeatureBuildActivities>()
const compute = proxyActivities<FeatureComputeActivities>({ ...interruptible, taskQueue: taskQueues.features })

/** Computes a feature set and a label over a snapshot, shared by all who ask for the same. `waiting` are workflows that its end nudges. */
export async function buildFeatures(input: BuildInput, waiting: readonly string[] = []): Promise<BuildResult> {
  const { buildId } = input
  const run = new DurableRun('feature-build', buildId)
  const waiters = new Waiters(waiting)
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
        const manifest = ready ?? (await briefly(run, input)) ?? (await stepByStep(run, input))
        return { buildId, state: 'ready', manifest, failure: null }
      },
      stopped: (by) => end('stopped', `stopped by ${by}`),
      failed: (reason) => end('failed', reason),
    })
  } finally {
    await waiters.nudge()
  }
}

/** The whole of it within this task; null when it is more than a moment's work, or did not come about there. */
async function briefly(run: DurableRun, input: BuildInput): Promise<ObjectRef | null> {
  const build = () => ifOnTheSpot<FeatureBuildActivities, 'buildFeaturesBriefly'>('buildFeaturesBriefly', input)
  // over before a pause could interrupt it
  const manifest = await run.conclude('build', build)
  if (manifest == null) run.reopen()
  return manifest ?? null
}

async function stepByStep(run: DurableRun, input: BuildInput): Promise<ObjectRef> {
  const plan = await run.step('plan', () => builds.planFeatureBuild(input))
  const { snapshot, batches } = plan
  const { buildId, asOf, featureSet, label } = input
  const { crossed, counts } = await crossSections(run, input, plan)
  const done = new Map<number, ShardsResult>()
  const results = await run.pausable('compute', () =>
    untilAllEnd(batches, done, (groups, batch) =>
      compute.computeFeatureShards({
        progress: { buildId, batch },
        snapshot,
        asOf,
        groups,
        featureSet,
        label,
        ...(crossed.length > 0 && { crossed }),
      }),
    ),
  )
  return await run.conclude('publish', () => builds.publishFeatureBuild(input, results, counts))
}

/** What symbols read of each other, stage by stage: its operands group by group, then each session across all symbols. */
async function crossSections(
  run: DurableRun,
  { asOf, featureSet, label }: BuildInput,
  { snapshot, batches, crossings = [] }: BuildPlan,
): Promise<{ crossed: ObjectRef[]; counts: ColumnCounts[] }> {
  const crossed: ObjectRef[] = []
  const counts: ColumnCounts[] = []
  for (const [stage, chunks] of crossings.entries()) {
    const [computed, ranked] = [new Map<number, OperandsResult>(), new Map<number, CrossSectionsResult>()]
    const operands = await run.pausable('operands', () =>
      untilAllEnd(batches, computed, (groups) =>
        compute.computeOperandShards({ snapshot, asOf, groups, featureSet, label, stage, crossed: [...crossed] }),
      ),
    )
    const lists = operands.map((each) => each.lists)
    const sections = await run.pausable('cross-sections', () =>
      untilAllEnd([...Array(chunks).keys()], ranked, (chunk) =>
        compute.computeCrossSections({ snapshot, asOf, featureSet, label, stage, chunk, operands: lists }),
      ),
    )
    crossed.push(...sections.map(({ columns }) => columns))
    counts.push(...[...operands, ...sections].map(({ asked, cached }) => ({ asked, cached })))
  }
  return { crossed, counts }
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
