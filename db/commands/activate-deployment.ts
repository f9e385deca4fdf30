import { and, eq, sql } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { audit, deployment, endpoint } from '../schema.ts'
import { hintReplicas } from './hint-replicas.ts'
import { promoteStages } from './promote-stages.ts'

export type Activation = { revision: number; activatedNow: boolean }

/**
 * The switch: one transaction on the endpoint's row. The prepared route becomes the active one and what answered before
 * is kept as the previous, the deployment is active and its predecessor superseded, the version production and those that
 * no endpoint answers with any more staging, with one audit row. Without a bake to follow the deployment has ended. A
 * repeat, or the loser of a race, changes nothing and answers the same revision.
 * @throws QuantloopError conflict when the deployment has ended otherwise, or its version may no longer be deployed
 */
export async function activateDeployment(db: Database, deploymentId: string): Promise<Activation> {
  return await db.transaction(async (tx) => {
    const [asked] = await tx.select({ endpoint: deployment.endpoint }).from(deployment).where(eq(deployment.id, deploymentId))
    if (asked === undefined) throw new QuantloopError('not_found', `there is no deployment ${deploymentId}`)
    const [row] = await tx.select().from(endpoint).where(eq(endpoint.name, asked.endpoint)).for('update')
    const [current] = await tx.select().from(deployment).where(eq(deployment.id, deploymentId)).for('update')
    if (row === undefined || current === undefined || current.revision === null)
      throw new QuantloopError('conflict', `the deployment ${deploymentId} has prepared no route`)
    if (current.state === 'active' || current.state === 'superseded') return { revision: current.revision, activatedNow: false }
    if (current.endedAt !== null) throw new QuantloopError('conflict', `the deployment ${deploymentId} has ended: ${current.state}`)
    if (row.prepared?.deploymentId !== deploymentId)
      throw new QuantloopError('conflict', `endpoint ${row.name} no longer prepares the deployment ${deploymentId}`, { endpoint: row.name })

    await tx
      .update(endpoint)
      .set({
        active: row.prepared,
        activeRevision: row.prepareRevision,
        prepared: null,
        share: 0,
        previous: row.active,
        updatedAt: sql`now()`,
      })
      .where(eq(endpoint.name, row.name))
    await tx
      .update(deployment)
      .set({ state: 'superseded' })
      .where(and(eq(deployment.endpoint, row.name), eq(deployment.state, 'active')))
    const bakes = current.plan.strategy !== 'immediate'
    await tx
      .update(deployment)
      .set({
        state: 'active',
        step: bakes ? 'bake' : 'active',
        predecessorId: row.active?.deploymentId ?? null,
        ...(bakes ? {} : { endedAt: sql`now()` }),
      })
      .where(eq(deployment.id, deploymentId))
    await promoteStages(tx, row.prepared, row.active)
    await tx.insert(audit).values({
      by: current.requestedBy,
      action: 'activate',
      subject: `endpoint/${row.name}`,
      commandId: deploymentId,
      detail: {
        deploymentId,
        model: row.prepared.model,
        revision: row.prepareRevision,
        previous: row.active?.model ?? null,
        previousRevision: row.activeRevision,
      },
    })
    await hintReplicas(tx, row.name)
    return { revision: row.prepareRevision, activatedNow: true }
  })
}
