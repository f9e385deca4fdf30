import { and, desc, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Alert, AlertKind } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { alert } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Filter = {
  limit: number
  after?: string | undefined
  endpoint?: string | undefined
  kind?: AlertKind | undefined
  /** not acknowledged yet */
  open?: boolean | undefined
}

/** Newest first. */
export async function listAlerts(db: Executor, { limit, after, endpoint, kind, open }: Filter) {
  const last = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(alert)
    .where(
      and(
        endpoint === undefined ? undefined : eq(alert.endpoint, endpoint),
        kind === undefined ? undefined : eq(alert.kind, kind),
        open === undefined ? undefined : open ? isNull(alert.acknowledgedAt) : isNotNull(alert.acknowledgedAt),
        last === undefined ? undefined : sql`(${alert.raisedAt}, ${alert.id}) < (${last[0]}::timestamptz, ${last[1]}::uuid)`,
      ),
    )
    .orderBy(desc(alert.raisedAt), desc(alert.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.raisedAt, row.id], alertOf)
}

export async function findAlert(db: Executor, id: string): Promise<Alert | undefined> {
  const [row] = await db.select().from(alert).where(eq(alert.id, id))
  return row && alertOf(row)
}

/** There is one of a kind for a session. */
export async function findAlertAt(
  db: Executor,
  { endpoint, kind, session }: { endpoint: string; kind: AlertKind; session: string },
): Promise<Alert | undefined> {
  const [row] = await db
    .select()
    .from(alert)
    .where(and(eq(alert.endpoint, endpoint), eq(alert.kind, kind), eq(alert.session, session)))
  return row && alertOf(row)
}

const alertOf = (row: typeof alert.$inferSelect): Alert => ({
  ...row,
  raisedAt: iso(row.raisedAt),
  acknowledgedAt: isoOrNull(row.acknowledgedAt),
})
