import { proxyActivities, upsertSearchAttributes } from '@temporalio/workflow'
import type { DeploymentActivities } from '#activities/deployments.ts'
import type { RollBackInput, Rollback } from '#contracts/deployments.ts'
import { superviseWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { atomic } from './proxies.ts'
import { nudgeWorkflow } from './waiters.ts'

const { rollBackDeployment } = proxyActivities<DeploymentActivities>({ ...atomic, summary: 'the switch back, and its audit row' })

/** Undoes a deployment that has no live workflow: what answered before it answers again. */
export async function rollBack({ deploymentId, endpoint, command }: RollBackInput): Promise<Rollback> {
  upsertSearchAttributes([
    { key: searchAttributeKey('Endpoint'), value: endpoint },
    { key: searchAttributeKey('TriggeredBy'), value: command.by },
  ])
  const rollback = await rollBackDeployment({ deploymentId, command })
  if (rollback.doneNow) await nudgeWorkflow(superviseWorkflowId(endpoint))
  return rollback
}
