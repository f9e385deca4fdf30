import { and, eq, isNull, sql } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { deployment, endpoint } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'

/**
 * The prepared version answers this share of the endpoint's requests from now on. A repeat changes nothing.
 * @throws QuantloopError conflict when the deployment has ended, or its route was withdrawn
 */
export async function shiftTraffic(db: Database, deploymentId: string, share: number): Promise<void> {
  await db.transaction(async (tx) => {
    const [shifted] = await tx
      .update(endpoint)
      .set({ share, updatedAt: sql`now()` })
      .where(
        and(
          sql`${endpoint.prepared} ->> 'deploymentId' = ${deploymentId}`,
          sql`exists ${tx
            .select({ one: sql`1` })
            .from(deployment)
            .where(and(eq(deployment.id, deploymentId), isNull(deployment.endedAt)))}`,
        ),
      )
      .returning({ name: endpoint.name })
    if (shifted === undefined)
      throw new QuantloopError('conflict', `the deployment ${deploymentId} is no longer prepared: no traffic was moved to it`)
    await hintReplicas(tx, shifted.name)
  })
}
