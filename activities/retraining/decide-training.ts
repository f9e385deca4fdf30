import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { derivedId } from '#contracts/derived-id.ts'
import { trainingWorkflowId } from '#contracts/ids.ts'
import { policyOf } from './policy.ts'

export type TrainingOrder = { endpoint: string; runId: string; verb: 'approve' | 'reject' | 'stop'; reason: string }

/**
 * Tells a training run what the endpoint's policy decided. Said again it is the same command; to a run that has ended it
 * says nothing, for the run's row tells how it ended.
 */
export async function decideTraining(client: Client, { endpoint, runId, verb, reason }: TrainingOrder): Promise<void> {
  try {
    await client.workflow
      .getHandle(trainingWorkflowId(runId))
      .signal(verb, { commandId: derivedId(`${verb} of ${runId} by policy`), by: policyOf(endpoint), reason: reason.slice(0, 500) })
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}
