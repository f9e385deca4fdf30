import { and, eq, sql } from 'drizzle-orm'
import type { Rollback } from '#contracts/deployments.ts'
import type { Executor } from '../client.ts'
import { audit, deployment, endpoint } from '../schema.ts'

/** What the rollback of a deployment came to, as the command that may have asked for it sees it; undefined when there was none. */
export async function findRollback(db: Executor, deploymentId: string, commandId: string): Promise<Rollback | undefined> {
  const [row] = await db
    .select({ endpoint: deployment.endpoint, active: endpoint.active, revision: endpoint.activeRevision })
    .from(deployment)
    .leftJoin(endpoint, eq(endpoint.name, deployment.endpoint))
    .where(and(eq(deployment.id, deploymentId), eq(deployment.state, 'rolled_back')))
  if (row === undefined) return undefined
  const { active, revision } = row
  return {
    deploymentId,
    endpoint: row.endpoint,
    doneNow: (await deploymentUndoneBy(db, row.endpoint, commandId)) === deploymentId,
    answers: active && revision !== null ? { deploymentId: active.deploymentId, model: active.model, revision } : null,
  }
}

/** Which deployment of an endpoint this very command has undone. */
export async function deploymentUndoneBy(db: Executor, name: string, commandId: string): Promise<string | undefined> {
  const [row] = await db
    .select({ deploymentId: sql<string>`${audit.detail} ->> 'deploymentId'` })
    .from(audit)
    .where(and(eq(audit.commandId, commandId), eq(audit.action, 'rollback'), eq(audit.subject, `endpoint/${name}`)))
  return row?.deploymentId
}
