import { ApplicationFailure, proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { DeploymentActivities, ReplicaReadiness, ReplicaTarget } from '#activities/deployments.ts'
import type { DeployModelInput, DeployModelResult } from '#contracts/deployments.ts'
import type { ErrorCode } from '#contracts/errors.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { DurableRun } from './durable.ts'
import { atomic, interruptible } from './proxies.ts'

const deployments = proxyActivities<DeploymentActivities>(atomic)
const replicas = proxyActivities<DeploymentActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  startToCloseTimeout: '30 seconds',
})

/** In active time: a pause stops this clock. */
const warmWithinMs = 60_000
const answerWithinMs = 20_000

/** Puts an approved model version behind an endpoint: every live replica holds it before the one switch. */
export async function deployModel(input: DeployModelInput): Promise<DeployModelResult> {
  const { deploymentId, endpoint } = input
  const run = new DurableRun('deployment', deploymentId)
  run.listen()
  upsertSearchAttributes([
    { key: searchAttributeKey('Endpoint'), value: endpoint },
    { key: searchAttributeKey('ModelName'), value: input.model.name },
    { key: searchAttributeKey('TriggeredBy'), value: input.origin.by },
  ])

  const close = async (state: 'refused' | 'failed' | 'stopped', reason: string): Promise<DeployModelResult> => ({
    deploymentId,
    ...(await deployments.closeDeployment({ deploymentId, state, reason })),
  })
  const refuse = (reason: string) => run.conclude('refuse', () => close('refused', reason))

  return await run.live({
    open: () => deployments.openDeployment(input),
    story: async () => {
      const check = await run.step('check', () => deployments.checkVersion(input))
      if (!check.compatible) return await refuse(check.reason)
      const revision = await run.step('prepare', () => deployments.prepareRoute({ endpoint, route: check.route }))
      const warmed = await waitForReplicas(run, { endpoint, revision, state: 'ready' })
      if (warmed.verdict === 'refused') return await refuse(warmed.refusal ?? 'a replica refused it')
      return await run.conclude('activate', async () => {
        await deployments.activateDeployment({ deploymentId })
        return { deploymentId, state: 'active', revision, reason: await laggards({ endpoint, revision, state: 'active' }) }
      })
    },
    stopped: (by) => close('stopped', `stopped by ${by}`),
    failed: (reason) => close('failed', reason),
  })
}

/** The live set is read again at each look: replicas may come and go meanwhile. */
async function waitForReplicas(run: DurableRun, target: ReplicaTarget): Promise<ReplicaReadiness> {
  const deadline = run.state().activeMs + warmWithinMs
  for (;;) {
    const readiness = await run.pausable('warm', () => replicas.watchReplicas(target))
    if (readiness.verdict !== 'waiting') return readiness
    if (run.state().activeMs > deadline)
      throw ApplicationFailure.nonRetryable(`not warmed within ${warmWithinMs / 1000} s: ${missing(readiness)}`, unready)
  }
}

/** The switch has happened; who does not answer with it in time is named, and follows when it can. */
async function laggards(target: ReplicaTarget): Promise<string | null> {
  const deadline = Date.now() + answerWithinMs
  for (;;) {
    const readiness = await replicas.watchReplicas(target)
    if (readiness.verdict === 'reached') return null
    if (Date.now() > deadline) return `not yet answered by every replica: ${missing(readiness)}`
  }
}

const unready: ErrorCode = 'endpoint_not_ready'
const missing = ({ live, waitingFor }: ReplicaReadiness) =>
  live === 0
    ? 'no serving replica is live (start one with `quantloop serve`)'
    : `waiting for ${waitingFor.join(', ')} of ${live} live replicas`
