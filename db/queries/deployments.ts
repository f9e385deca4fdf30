import { and, desc, eq, lt, or } from 'drizzle-orm'
import type { Deployment, DeploymentState } from '#contracts/deployments.ts'
import type { Executor } from '../client.ts'
import { deployment } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; endpoint?: string | undefined; state?: DeploymentState | undefined }

/** Newest first. */
export async function listDeployments(db: Executor, { limit, after, endpoint, state }: Filter) {
  const [startedAt, id] = after === undefined ? [] : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(deployment)
    .where(
      and(
        endpoint === undefined ? undefined : eq(deployment.endpoint, endpoint),
        state === undefined ? undefined : eq(deployment.state, state),
        startedAt === undefined || id === undefined
          ? undefined
          : or(lt(deployment.startedAt, startedAt), and(eq(deployment.startedAt, startedAt), lt(deployment.id, id))),
      ),
    )
    .orderBy(desc(deployment.startedAt), desc(deployment.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], deploymentOf)
}

export async function findDeployment(db: Executor, id: string): Promise<Deployment | undefined> {
  const [row] = await db.select().from(deployment).where(eq(deployment.id, id))
  return row && deploymentOf(row)
}

const deploymentOf = (row: typeof deployment.$inferSelect): Deployment => ({
  id: row.id,
  endpoint: row.endpoint,
  model: { name: row.modelName, version: row.modelVersion },
  strategy: row.plan.strategy,
  plan: row.plan,
  state: row.state,
  step: row.step,
  revision: row.revision,
  predecessorId: row.predecessorId,
  gates: row.gates,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
