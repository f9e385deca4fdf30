import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { deploymentWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import type { Database } from '#db/client.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import type { RolloutStanding, TrainingStanding } from '#domain/supervision/retrain-moves.ts'

type World = { db: Database; client: Client }

/**
 * How a training run stands by its row; null when it was not started. One whose workflow is gone without an end on the
 * row, terminated by hand, is lost.
 */
export async function standingOfTraining({ db, client }: World, runId: string): Promise<TrainingStanding | null> {
  const seen = await findTrainingRun(db, runId)
  if (seen?.endedAt == null && (await isOpen(client, trainingWorkflowId(runId)))) return seen?.modelVersion == null ? 'running' : 'waiting'
  // it may have ended between the two looks
  const state = (await findTrainingRun(db, runId))?.state
  if (state === undefined) return null
  return state === 'approved' || state === 'rejected' ? state : 'lost'
}

/** How a rollout stands by its row; null when it was not started. An active deployment is done when its bake is over. */
export async function standingOfRollout({ db, client }: World, endpoint: string, deploymentId: string): Promise<RolloutStanding | null> {
  const seen = await findDeployment(db, deploymentId)
  if (seen?.endedAt == null && (await isOpen(client, deploymentWorkflowId(endpoint, deploymentId)))) return 'under-way'
  const row = await findDeployment(db, deploymentId)
  if (row === undefined) return null
  return row.state === 'active' || row.state === 'superseded' ? 'done' : 'undone'
}

async function isOpen(client: Client, workflowId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING'
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}
