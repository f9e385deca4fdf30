import { ApplicationFailure, proxyActivities } from '@temporalio/workflow'
import type { DeploymentActivities, ReplicaReadiness, ReplicaTarget } from '#activities/deployments.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { DurableRun } from './durable.ts'
import { interruptible } from './proxies.ts'

const { watchReplicas } = proxyActivities<DeploymentActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  startToCloseTimeout: '30 seconds',
})

/** In active time: a pause stops this clock. */
const warmWithinMs = 60_000
const answerWithinMs = 20_000

type Revision = Pick<ReplicaTarget, 'endpoint' | 'revision'>

/**
 * Until every live replica has loaded and warmed the revision; the live set is read again at each look, for replicas may
 * come and go meanwhile. Answers why one refuses, null when all are ready.
 * @throws ApplicationFailure endpoint_not_ready
 */
export async function warmReplicas(run: DurableRun, revision: Revision): Promise<string | null> {
  const deadline = run.state().activeMs + warmWithinMs
  for (;;) {
    const readiness = await run.pausable('warm', () => watchReplicas({ ...revision, state: 'ready' }))
    if (readiness.verdict === 'reached') return null
    if (readiness.verdict === 'refused') return readiness.refusal ?? 'a replica refused it'
    if (run.state().activeMs > deadline)
      throw ApplicationFailure.nonRetryable(`not warmed within ${warmWithinMs / 1000} s: ${missing(readiness)}`, unready)
  }
}

/** The switch has happened; who does not answer with it in time is named, and follows when it can. */
export async function laggards(revision: Revision): Promise<string | null> {
  const deadline = Date.now() + answerWithinMs
  for (;;) {
    const readiness = await watchReplicas({ ...revision, state: 'active' })
    if (readiness.verdict === 'reached') return null
    if (Date.now() > deadline) return `not yet answered by every replica: ${missing(readiness)}`
  }
}

const unready: ErrorCode = 'endpoint_not_ready'
const missing = ({ live, waitingFor }: ReplicaReadiness) =>
  live === 0
    ? 'no serving replica is live (start one with `quantloop serve`)'
    : `waiting for ${waitingFor.join(', ')} of ${live} live replicas`
