import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/client'
import { superviseWorkflowId } from '#contracts/ids.ts'
import type { Database } from '#db/client.ts'
import { listFollowers } from '#db/queries/followers.ts'
import { startStandingBuilds } from './start-standing-builds.ts'

/**
 * Tells those who follow a dataset that a snapshot has landed: standing builds by starting them, supervisors by a signal that
 * says nothing, for they read PostgreSQL again. A supervisor whose features are computed by a build that starts here is told
 * by its end: before that it could only wait for it. Doing it twice does no harm.
 */
export async function nudgeFollowers(db: Database, dataset: string): Promise<void> {
  const { client, log } = Context.current()
  const followers = await listFollowers(db, dataset)
  const waiting = await startStandingBuilds({ db, client, log }, dataset, followers)
  await Promise.all(followers.filter(({ endpoint }) => !waiting.has(endpoint)).map(({ endpoint }) => nudgeSupervisor(endpoint, dataset)))
}

/** One whose workflow is gone needs no nudge: it reads the head when it starts again. */
async function nudgeSupervisor(endpoint: string, dataset: string): Promise<void> {
  const { client, log } = Context.current()
  try {
    await client.workflow.getHandle(superviseWorkflowId(endpoint)).signal('nudge')
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
    log.warn('a supervisor was not nudged: its workflow does not run', { endpoint, dataset })
  }
}
