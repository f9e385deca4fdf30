import { and, eq, isNull, sql } from 'drizzle-orm'
import type { DeploymentState } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { deployment, endpoint } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'

/** `active` ends the bake: the switch stands, and the reason, if any, says what was not found out. */
export type DeploymentEnd = { deploymentId: string } & (
  | { state: 'refused' | 'rejected' | 'failed' | 'stopped'; reason: string }
  | { state: 'active'; reason: string | null }
)
export type ClosedDeployment = { state: DeploymentState; revision: number | null; reason: string | null }

/**
 * Ends a deployment. One that did not come to the switch withdraws its route, so that replicas let it go. One that did
 * stays active, however its watch ended. One that has ended already stays as it is; the answer is what the row says.
 */
export async function closeDeployment(db: Database, { deploymentId, state, reason }: DeploymentEnd): Promise<ClosedDeployment> {
  return await db.transaction(async (tx) => {
    const [asked] = await tx.select({ endpoint: deployment.endpoint }).from(deployment).where(eq(deployment.id, deploymentId))
    if (asked === undefined) throw new QuantloopError('not_found', `there is no deployment ${deploymentId}`)
    // the endpoint's row first, as every other writer does
    await tx.select({ name: endpoint.name }).from(endpoint).where(eq(endpoint.name, asked.endpoint)).for('update')
    const [closed] = await tx
      .update(deployment)
      .set({
        state: sql`case when ${deployment.state} = 'active' then 'active' else ${state} end`,
        step: sql`case when ${deployment.state} = 'active' then 'active' else ${deployment.step} end`,
        failure: reason,
        pausedBy: null,
        endedAt: sql`now()`,
      })
      .where(
        and(eq(deployment.id, deploymentId), isNull(deployment.endedAt), state === 'active' ? eq(deployment.state, 'active') : undefined),
      )
      .returning()
    if (closed) {
      await tx
        .update(endpoint)
        .set({ prepared: null, share: 0, updatedAt: sql`now()` })
        .where(and(eq(endpoint.name, asked.endpoint), sql`${endpoint.prepared} ->> 'deploymentId' = ${deploymentId}`))
      await hintReplicas(tx, asked.endpoint)
    }
    const [row] = closed ? [closed] : await tx.select().from(deployment).where(eq(deployment.id, deploymentId))
    return { state: row?.state ?? state, revision: row?.revision ?? null, reason: row?.failure ?? null }
  })
}
