import { and, desc, eq, sql } from 'drizzle-orm'
import type { Snapshot } from '#contracts/datasets.ts'
import type { Executor } from '../client.ts'
import { snapshot } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

/** Newest first. The same content may be a snapshot of several datasets. */
export async function listSnapshots(
  db: Executor,
  { limit, after, dataset }: { limit: number; after?: string | undefined; dataset?: string | undefined },
) {
  const before = after === undefined ? undefined : decodeCursor(after, ['', '', ''] as [string, string, string])
  const rows = await db
    .select()
    .from(snapshot)
    .where(
      and(
        dataset === undefined ? undefined : eq(snapshot.dataset, dataset),
        before === undefined
          ? undefined
          : sql`(${snapshot.createdAt}, ${snapshot.dataset}, ${snapshot.id}) < (${before[0]}::timestamptz, ${before[1]}, ${before[2]})`,
      ),
    )
    .orderBy(desc(snapshot.createdAt), desc(snapshot.dataset), desc(snapshot.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.createdAt, row.dataset, row.id], snapshotOf)
}

/** The first landing of this content, in `dataset` if one is named. */
export async function findSnapshot(db: Executor, id: string, dataset?: string): Promise<Snapshot | undefined> {
  const [row] = await db
    .select()
    .from(snapshot)
    .where(and(eq(snapshot.id, id), dataset === undefined ? undefined : eq(snapshot.dataset, dataset)))
    .orderBy(snapshot.createdAt)
    .limit(1)
  return row && snapshotOf(row)
}

const snapshotOf = ({ parentId: _, syncId: __, ...row }: typeof snapshot.$inferSelect): Snapshot => ({
  ...row,
  createdAt: iso(row.createdAt),
})
