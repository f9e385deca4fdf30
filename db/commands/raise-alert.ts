import { and, eq } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Alert } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { alert } from '../schema.ts'
import { recordEndpointEvent } from './record-endpoint-event.ts'

export type Finding = Pick<Alert, 'endpoint' | 'kind' | 'severity' | 'session' | 'monitorId' | 'summary' | 'evidence'>

/**
 * One alert of a kind for an endpoint's session, with its event. Raising it again, or losing a race, changes nothing and
 * answers the id of the alert that is there.
 */
export async function raiseAlert(db: Executor, finding: Finding): Promise<string> {
  return await db.transaction(async (tx) => {
    const [raised] = await tx
      .insert(alert)
      .values({ id: uuidv7(), ...finding })
      .onConflictDoNothing({ target: [alert.endpoint, alert.kind, alert.session] })
      .returning({ id: alert.id })
    const { endpoint, kind, severity, session, summary } = finding
    if (raised !== undefined) {
      const detail = { alertId: raised.id, kind, severity, summary }
      await recordEndpointEvent(tx, { endpoint, key: `alert/${kind}/${session}`, kind: 'alert', session, detail })
      return raised.id
    }
    const [known] = await tx
      .select({ id: alert.id })
      .from(alert)
      .where(and(eq(alert.endpoint, endpoint), eq(alert.kind, kind), eq(alert.session, session)))
    return known!.id
  })
}
