import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/client'
import { superviseWorkflowId } from '#contracts/ids.ts'
import type { Database } from '#db/client.ts'
import { listFollowers } from '#db/queries/followers.ts'

/**
 * Tells those who follow a dataset that a snapshot has landed: the signal says nothing, they read PostgreSQL again. One
 * whose workflow is gone needs no nudge: it reads the head when it starts again. Nudging twice does no harm.
 */
export async function nudgeFollowers(db: Database, dataset: string): Promise<void> {
  const { client, log } = Context.current()
  await Promise.all(
    (await listFollowers(db, dataset)).map(async (endpoint) => {
      try {
        await client.workflow.getHandle(superviseWorkflowId(endpoint)).signal('nudge')
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
        log.warn('a supervisor was not nudged: its workflow does not run', { endpoint, dataset })
      }
    }),
  )
}
