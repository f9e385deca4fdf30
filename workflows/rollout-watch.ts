import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow'
import type { DeploymentActivities, GateQuestion } from '#activities/deployments.ts'
import type { Command } from '#contracts/commands.ts'
import type { GateReading } from '#contracts/deployments.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { DurableRun } from './durable.ts'
import { atomic, interruptible } from './proxies.ts'
import type { RolloutVerbs } from './rollout-verbs.ts'

const { readGates } = proxyActivities<DeploymentActivities>(atomic)
const { watchGates } = proxyActivities<DeploymentActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  // it only looks: what it was cancelled for need not wait for its end
  cancellationType: 'TRY_CANCEL',
  summary: 'the gates, until one fails or there is enough to tell',
})

/** How long a step lasts at least, and how long it waits for enough answers, in active time. */
export type Stretch = { seconds: number; patienceSeconds: number }

/** How a watched stretch of a rollout ended. */
export type Watched = { by: 'gates'; reading: GateReading } | { by: 'promotion' } | { by: 'rollback'; command: Command }

/**
 * Watches the gates while a step lasts. A pause stops the step's clock; gates and rollback stay armed.
 * @throws Stopped
 */
export async function watchStretch(run: DurableRun, verbs: RolloutVerbs, question: GateQuestion, stretch: Stretch): Promise<Watched> {
  const begunAt = run.state().activeMs
  for (;;) {
    if (verbs.rollback) return { by: 'rollback', command: verbs.rollback }
    const free = run.isFree
    if (verbs.promotion && free) return { by: 'promotion' }
    const active = run.state().activeMs - begunAt
    const left = stretch.seconds * 1000 - active
    const patience = Math.max(stretch.seconds, stretch.patienceSeconds) * 1000 - active
    if (free && patience <= 0) return { by: 'gates', reading: await run.always(() => readGates(question)) }
    const until = free && left <= 0 ? 'decided' : 'failed'
    const wait = !free ? undefined : until === 'failed' ? left : patience
    const woken = () => run.isFree !== free || verbs.rollback !== undefined || (free && verbs.promotion !== undefined)
    const reading = await found(run, { ...question, until }, woken, wait)
    if (reading) return { by: 'gates', reading }
  }
}

/** The reading that ended the watch; undefined when something else did, or the time was over. */
async function found(
  run: DurableRun,
  question: Parameters<DeploymentActivities['watchGates']>[0],
  woken: () => boolean,
  ms: number | undefined,
): Promise<GateReading | undefined> {
  const scope = new CancellationScope()
  let end: { reading: GateReading } | { error: unknown } | undefined
  void scope
    .run(() => watchGates(question))
    .then(
      (reading) => (end = { reading }),
      (error: unknown) => (end = { error }),
    )
  const ended = () => end !== undefined || woken()
  try {
    await run.alwaysUntilStopped(async () => void (ms === undefined ? await condition(ended) : await condition(ended, ms)))
  } finally {
    scope.cancel()
  }
  if (end === undefined) return undefined
  if ('error' in end) throw end.error
  return end.reading
}
