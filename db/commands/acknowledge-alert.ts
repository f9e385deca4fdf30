import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { alert, audit } from '../schema.ts'

export type Acknowledgement = { acknowledgedBy: string; acknowledgedNow: boolean }

/**
 * Somebody has seen the alert: by compare-and-set, with the audit row in the same transaction. The first one stays; a
 * repeat, or a second person, changes nothing and hears who that was.
 * @throws QuantloopError not_found
 */
export async function acknowledgeAlert(
  db: Database,
  { alertId, command }: { alertId: string; command: Command },
): Promise<Acknowledgement> {
  return await db.transaction(async (tx) => {
    const [acknowledged] = await tx
      .update(alert)
      .set({ acknowledgedBy: command.by, acknowledgedAt: sql`now()` })
      .where(and(eq(alert.id, alertId), isNull(alert.acknowledgedAt)))
      .returning()
    if (acknowledged === undefined) {
      const [known] = await tx.select().from(alert).where(eq(alert.id, alertId))
      if (known?.acknowledgedBy == null) throw new QuantloopError('not_found', `there is no alert ${alertId}`)
      return { acknowledgedBy: known.acknowledgedBy, acknowledgedNow: false }
    }
    const { endpoint, kind, session } = acknowledged
    await tx.insert(audit).values({
      by: command.by,
      action: 'acknowledge',
      subject: `alert/${alertId}`,
      commandId: command.commandId,
      detail: { endpoint, kind, session, ...(command.reason === undefined ? {} : { reason: command.reason }) },
    })
    return { acknowledgedBy: command.by, acknowledgedNow: true }
  })
}
