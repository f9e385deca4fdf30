import { desc, eq, sql } from 'drizzle-orm'
import type { Collection } from '#contracts/collections.ts'
import type { Executor } from '../client.ts'
import { collection } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

/** Newest first. */
export async function listCollections(db: Executor, { limit, after }: { limit: number; after?: string | undefined }) {
  const before = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(collection)
    .where(
      before === undefined ? undefined : sql`(${collection.startedAt}, ${collection.id}) < (${before[0]}::timestamptz, ${before[1]}::uuid)`,
    )
    .orderBy(desc(collection.startedAt), desc(collection.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], collectionOf)
}

export async function findCollection(db: Executor, id: string): Promise<Collection | undefined> {
  const [row] = await db.select().from(collection).where(eq(collection.id, id))
  return row && collectionOf(row)
}

/** How many collections that remove have ever begun; null while one is open, which may have removed what it has not told. */
export async function countCollections(db: Executor): Promise<number | null> {
  const [row] = await db
    .select({ begun: sql<number>`count(*)::integer`, open: sql<boolean>`coalesce(bool_or(${collection.endedAt} is null), false)` })
    .from(collection)
    .where(eq(collection.dryRun, false))
  return row!.open ? null : row!.begun
}

const collectionOf = (row: typeof collection.$inferSelect): Collection => ({
  id: row.id,
  dryRun: row.dryRun,
  graceHours: row.graceHours,
  keepDays: row.keepDays,
  state: row.state,
  step: row.step,
  plan: row.plan,
  scanned: row.scanned,
  found: row.found,
  removed: row.removed,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})
