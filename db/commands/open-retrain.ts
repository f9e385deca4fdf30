import { and, eq, isNull } from 'drizzle-orm'
import type { Retrain } from '#contracts/supervision.ts'
import type { Database } from '../client.ts'
import { audit, retrain } from '../schema.ts'
import { isUniqueViolation } from '../violations.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

export type RetrainStart = Pick<Retrain, 'id' | 'endpoint' | 'trigger' | 'alertId' | 'session' | 'runId' | 'champion' | 'requestedBy'>
export type RetrainRow = typeof retrain.$inferSelect

/**
 * The row of a new retrain, with its audit row and event. While another is in flight for the endpoint it is that one
 * which is answered; the same one again is answered as it stands.
 */
export async function openRetrain(db: Database, { champion, ...start }: RetrainStart): Promise<RetrainRow> {
  try {
    return await db.transaction(async (tx) => {
      const [opened] = await tx
        .insert(retrain)
        .values({ ...start, state: 'training', championName: champion.name, championVersion: champion.version })
        .onConflictDoNothing({ target: retrain.id })
        .returning()
      if (opened === undefined) return (await tx.select().from(retrain).where(eq(retrain.id, start.id)))[0]!
      const { id, endpoint, trigger, session, runId, alertId } = start
      await tx.insert(audit).values({
        by: start.requestedBy,
        action: 'start-retrain',
        subject: `endpoint/${endpoint}`,
        commandId: id,
        detail: { retrainId: id, runId, trigger, session, alertId, champion },
      })
      const detail = { retrainId: id, runId, trigger, state: 'training' }
      await recordEndpointEvent(tx, { endpoint, key: `retrain/${id}`, kind: 'retrain', session, detail })
      return opened
    })
  } catch (error) {
    if (!isUniqueViolation(error, 'retrain_one_in_flight')) throw error
    const [other] = await db
      .select()
      .from(retrain)
      .where(and(eq(retrain.endpoint, start.endpoint), isNull(retrain.endedAt)))
    if (other === undefined) throw error
    return other
  }
}
