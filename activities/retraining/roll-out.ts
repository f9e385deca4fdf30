import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { derivedId } from '#contracts/derived-id.ts'
import type { DeployModelInput, RolloutPlan } from '#contracts/deployments.ts'
import { deploymentWorkflowId, superviseWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Database } from '#db/client.ts'
import { beginRollout } from '#db/commands/begin-rollout.ts'
import { findRetrainRow } from '#db/queries/situation.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import { originOf } from './policy.ts'

type Rollout = { deploymentId: string; endpoint: string; model: { name: string; version: number }; plan: RolloutPlan }

/** The challenger was better: its rollout, as the policy has it. */
export async function rollOutChallenger({ db, client }: { db: Database; client: Client }, retrainId: string): Promise<void> {
  const row = await findRetrainRow(db, retrainId)
  const supervision = row && (await findSupervision(db, row.endpoint))
  if (row === undefined || row.challengerName === null || row.challengerVersion === null || supervision === undefined) return
  const deploymentId = derivedId(`rollout of ${retrainId}`)
  await beginRollout(db, { retrainId, deploymentId })
  const model = { name: row.challengerName, version: row.challengerVersion }
  await rollOut(client, { deploymentId, endpoint: row.endpoint, model, plan: supervision.policy.rollout })
}

/** Starts a deployment on behalf of an endpoint's policy. A start that happened before a kill is the same start. */
export async function rollOut(client: Client, rollout: Rollout): Promise<void> {
  const { deploymentId, endpoint, model } = rollout
  const input: DeployModelInput = { ...rollout, notify: superviseWorkflowId(endpoint), origin: originOf(endpoint, rollout) }
  try {
    await client.workflow.start('deployModel', {
      workflowId: deploymentWorkflowId(endpoint, deploymentId),
      taskQueue: taskQueues.orchestration,
      args: [input],
      // one that was terminated before its first row begins again
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      memo: { bodySha256: input.origin.bodySha256 },
      typedSearchAttributes: [
        { key: searchAttributeKey('Endpoint'), value: endpoint },
        { key: searchAttributeKey('ModelName'), value: model.name },
        { key: searchAttributeKey('TriggeredBy'), value: input.origin.by },
      ],
      staticSummary: `${model.name}@${model.version} onto ${endpoint}, as its policy decided`,
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
