import { eq, sql } from 'drizzle-orm'
import type { Route } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { deployment, endpoint } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'

/** `predecessorId` is the deployment that answers now, and that this one would replace. */
export type Preparation = { revision: number; predecessorId: string | null }

/**
 * Asks the replicas to load and warm `route`, under a revision of its own; the endpoint's row is made if it is new.
 * A repeat answers the same revision.
 * @throws QuantloopError conflict when the deployment has ended
 */
export async function prepareRoute(db: Database, name: string, route: Route): Promise<Preparation> {
  return await db.transaction(async (tx) => {
    await tx.insert(endpoint).values({ name }).onConflictDoNothing()
    const [row] = await tx.select().from(endpoint).where(eq(endpoint.name, name)).for('update')
    const [asked] = await tx.select().from(deployment).where(eq(deployment.id, route.deploymentId)).for('update')
    if (row === undefined || asked === undefined) throw new QuantloopError('not_found', `there is no deployment ${route.deploymentId}`)
    if (asked.revision !== null) return { revision: asked.revision, predecessorId: asked.predecessorId }
    if (asked.endedAt !== null) throw new QuantloopError('conflict', `the deployment ${route.deploymentId} has ended: ${asked.state}`)
    const revision = row.prepareRevision + 1
    const predecessorId = row.active?.deploymentId ?? null
    await tx
      .update(endpoint)
      .set({ prepareRevision: revision, prepared: route, share: 0, updatedAt: sql`now()` })
      .where(eq(endpoint.name, name))
    await tx.update(deployment).set({ revision, route, predecessorId }).where(eq(deployment.id, route.deploymentId))
    await hintReplicas(tx, name)
    return { revision, predecessorId }
  })
}
