import { and, desc, eq, lt } from 'drizzle-orm'
import type { AuditEntry } from '#contracts/access.ts'
import type { Executor } from '../client.ts'
import { audit } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; subject?: string | undefined; by?: string | undefined }

/** Who did what, newest first. A subject is `kind/id`, as in `training-run/0198…`. */
export async function listAudit(db: Executor, { limit, after, subject, by }: Filter) {
  const [before] = after === undefined ? [] : decodeCursor(after, [0] as [number])
  const rows = await db
    .select()
    .from(audit)
    .where(
      and(
        before === undefined ? undefined : lt(audit.id, before),
        subject === undefined ? undefined : eq(audit.subject, subject),
        by === undefined ? undefined : eq(audit.by, by),
      ),
    )
    .orderBy(desc(audit.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.id], entryOf)
}

const entryOf = (row: typeof audit.$inferSelect): AuditEntry => ({ ...row, at: iso(row.at) })
