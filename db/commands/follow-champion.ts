import { and, eq, isNull } from 'drizzle-orm'
import type { Database, Executor } from '../client.ts'
import { endpoint, retrain, supervision } from '../schema.ts'
import { findFallback } from '../queries/situation.ts'
import { changeChampion } from './change-champion.ts'

/**
 * What somebody deployed by hand, or rolled back to, is champion for the sessions that were not processed yet; what a
 * fallback brought, for those after the verdict that led to it. A challenger's own rollout is its retrain's affair.
 */
export async function followChampion(db: Database, name: string): Promise<void> {
  await db.transaction(async (tx) => {
    const [watched] = await tx.select().from(supervision).where(eq(supervision.endpoint, name)).for('update')
    const [routes] = await tx.select({ active: endpoint.active }).from(endpoint).where(eq(endpoint.name, name))
    const active = routes?.active
    if (watched?.processedThrough == null || active == null) return
    const { deploymentId, model } = active
    if (model.name === watched.championName && model.version === watched.championVersion) return
    const [rollingOut] = await tx
      .select({ id: retrain.id })
      .from(retrain)
      .where(and(eq(retrain.endpoint, name), isNull(retrain.endedAt), eq(retrain.deploymentId, deploymentId)))
    if (rollingOut !== undefined) return
    const verdict = await sessionOfFallback(tx, name, deploymentId)
    await changeChampion(tx, {
      endpoint: name,
      model,
      after: verdict ?? watched.processedThrough,
      deploymentId,
      reason: verdict === undefined ? 'deployed' : 'fallback',
    })
  })
}

async function sessionOfFallback(tx: Executor, name: string, deploymentId: string): Promise<string | undefined> {
  const fallback = await findFallback(tx, name)
  return fallback?.deploymentId === deploymentId ? fallback.session : undefined
}
