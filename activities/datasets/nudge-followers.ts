import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/client'
import { superviseWorkflowId } from '#contracts/ids.ts'
import type { Database } from '#db/client.ts'
import { listFollowers } from '#db/queries/followers.ts'
import { startStandingBuilds } from './start-standing-builds.ts'

/**
 * Tells those who follow a dataset that a snapshot has landed: supervisors by a signal that says nothing, for they read
 * PostgreSQL again, and standing builds by starting them. Doing it twice does no harm.
 */
export async function nudgeFollowers(db: Database, dataset: string): Promise<void> {
  const { client, log } = Context.current()
  await Promise.all([nudgeSupervisors(db, dataset), startStandingBuilds({ db, client, log }, dataset)])
}

/** One whose workflow is gone needs no nudge: it reads the head when it starts again. */
async function nudgeSupervisors(db: Database, dataset: string): Promise<void> {
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
