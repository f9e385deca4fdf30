import { eq } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { SuperviseInput } from '#contracts/supervision.ts'
import type { Database } from '../client.ts'
import { dataset, endpoint, supervision } from '../schema.ts'
import { changeChampion } from './change-champion.ts'

/**
 * The supervisor's row, with what answers on the endpoint as its champion. One that ended goes on where it was: sessions
 * that landed meanwhile are watched as if it had never been away. Opening again changes nothing.
 * @throws QuantloopError endpoint_not_found | endpoint_not_ready | not_found
 */
export async function openSupervision(db: Database, { endpoint: name, policy, origin }: SuperviseInput): Promise<void> {
  await db.transaction(async (tx) => {
    const [routes] = await tx.select().from(endpoint).where(eq(endpoint.name, name)).for('update')
    if (routes === undefined) throw new QuantloopError('endpoint_not_found', `there is no endpoint ${name}`, { endpoint: name })
    if (routes.active === null)
      throw new QuantloopError('endpoint_not_ready', `nothing answers on endpoint ${name} yet: deploy a version first`, { endpoint: name })
    const { active } = routes
    const [source] = await tx.select({ lastSession: dataset.lastSession }).from(dataset).where(eq(dataset.name, active.dataset))
    if (source?.lastSession == null)
      throw new QuantloopError('not_found', `the dataset ${active.dataset} of endpoint ${name} has no snapshot`, {
        dataset: active.dataset,
      })

    const begun = {
      dataset: active.dataset,
      label: active.label,
      policy,
      state: 'running' as const,
      step: 'start',
      // entries of an earlier workflow are older than any of this one
      journalSequence: 0,
      pausedBy: null,
      pausedMs: 0,
      failure: null,
      requestedBy: origin.by,
      idempotencyKey: origin.idempotencyKey ?? null,
      bodySha256: origin.bodySha256,
      startedAt: new Date().toISOString(),
      endedAt: null,
    }
    const [known] = await tx.select().from(supervision).where(eq(supervision.endpoint, name)).for('update')
    if (known !== undefined) {
      await tx.update(supervision).set(begun).where(eq(supervision.endpoint, name))
      return
    }
    await tx.insert(supervision).values({ endpoint: name, processedThrough: source.lastSession, ...begun })
    const { deploymentId, model } = active
    await changeChampion(tx, { endpoint: name, model, after: source.lastSession, deploymentId, reason: 'supervised' })
  })
}
