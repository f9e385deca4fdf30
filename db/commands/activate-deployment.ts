import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Route } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database, Executor } from '../client.ts'
import { audit, deployment, endpoint, model, modelVersion } from '../schema.ts'

export type Activation = { revision: number; activatedNow: boolean }

/**
 * The switch: one transaction on the endpoint's row. The prepared route becomes the active one, the deployment active
 * and its predecessor superseded, the version production and those that no endpoint answers with any more staging, with
 * one audit row. A repeat, or the loser of a race, changes nothing and answers the same revision.
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
      .set({ active: row.prepared, activeRevision: row.prepareRevision, prepared: null, updatedAt: sql`now()` })
      .where(eq(endpoint.name, row.name))
    await tx
      .update(deployment)
      .set({ state: 'superseded' })
      .where(and(eq(deployment.endpoint, row.name), eq(deployment.state, 'active')))
    await tx
      .update(deployment)
      .set({ state: 'active', step: 'active', endedAt: sql`now()` })
      .where(eq(deployment.id, deploymentId))
    await promote(tx, row.prepared, row.active)
    await tx.insert(audit).values({
      by: current.requestedBy,
      action: 'activate',
      subject: `endpoint/${row.name}`,
      commandId: deploymentId,
      detail: {
        model: row.prepared.model,
        revision: row.prepareRevision,
        previous: row.active?.model ?? null,
        previousRevision: row.activeRevision,
      },
    })
    return { revision: row.prepareRevision, activatedNow: true }
  })
}

/** The version goes to production; what answers on no endpoint any more goes back to staging. */
async function promote(tx: Executor, next: Route, previous: Route | null): Promise<void> {
  const families = [...new Set([next.model.name, ...(previous === null ? [] : [previous.model.name])])]
  // two endpoints of one model take turns, so that the second sees what the first one switched
  await tx.select().from(model).where(inArray(model.name, families)).orderBy(model.name).for('update')
  const promoted = await tx
    .update(modelVersion)
    .set({ stage: 'production' })
    .where(
      and(
        eq(modelVersion.name, next.model.name),
        eq(modelVersion.version, next.model.version),
        inArray(modelVersion.stage, ['staging', 'production']),
      ),
    )
    .returning({ version: modelVersion.version })
  if (promoted.length === 0)
    throw new QuantloopError('conflict', `${next.model.name}@${next.model.version} is no longer at stage staging or production`)
  const answersSomewhere = sql`exists (select 1 from ${endpoint} where ${endpoint.active} -> 'model' = jsonb_build_object('name', ${modelVersion.name}, 'version', ${modelVersion.version}))`
  await tx
    .update(modelVersion)
    .set({ stage: 'staging' })
    .where(and(inArray(modelVersion.name, families), eq(modelVersion.stage, 'production'), sql`not ${answersSomewhere}`))
}
