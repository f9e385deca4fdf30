import { and, desc, eq, gte, lt } from 'drizzle-orm'
import type { AuditEntry } from '#contracts/access.ts'
import type { Executor } from '../client.ts'
import { audit } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

type Filter = {
  limit: number
  after?: string | undefined
  subject?: string | undefined
  action?: string | undefined
  by?: string | undefined
  /** from this instant on */
  from?: string | undefined
  /** before this instant */
  to?: string | undefined
}

/** Who did what, newest first. A subject is `kind/id`, as in `training-run/0198…`. */
export async function listAudit(db: Executor, { limit, after, subject, action, by, from, to }: Filter) {
  const [before] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(audit)
    .where(
      and(
        before === undefined ? undefined : lt(audit.id, before),
        subject === undefined ? undefined : eq(audit.subject, subject),
        action === undefined ? undefined : eq(audit.action, action),
        by === undefined ? undefined : eq(audit.by, by),
        from === undefined ? undefined : gte(audit.at, from),
        to === undefined ? undefined : lt(audit.at, to),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.id], entryOf)
}

/** Whether this very command has been audited before. */
export async function hasAudit(db: Executor, { commandId, action, subject }: { commandId: string; action: string; subject: string }) {
  const [row] = await db
    .select({ id: audit.id })
    .from(audit)
    .where(and(eq(audit.commandId, commandId), eq(audit.action, action), eq(audit.subject, subject)))
  return row !== undefined
}

const entryOf = (row: typeof audit.$inferSelect): AuditEntry => ({ ...row, at: iso(row.at) })
