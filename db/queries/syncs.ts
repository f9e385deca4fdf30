import { and, asc, desc, eq, sql } from 'drizzle-orm'
import type { QuarantinedRow, Sync, SyncResult } from '#contracts/datasets.ts'
import type { Executor } from '../client.ts'
import { quarantinedRow, syncRun } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type SyncRow = typeof syncRun.$inferSelect

/** Newest first. */
export async function listSyncs(
  db: Executor,
  { limit, after, dataset }: { limit: number; after?: string | undefined; dataset?: string | undefined },
) {
  const before = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(syncRun)
    .where(
      and(
        dataset === undefined ? undefined : eq(syncRun.dataset, dataset),
        before === undefined ? undefined : sql`(${syncRun.startedAt}, ${syncRun.id}) < (${before[0]}::timestamptz, ${before[1]}::uuid)`,
      ),
    )
    .orderBy(desc(syncRun.startedAt), desc(syncRun.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.startedAt, row.id], syncOf)
}

export async function findSync(db: Executor, id: string): Promise<Sync | undefined> {
  const [row] = await db.select().from(syncRun).where(eq(syncRun.id, id))
  return row && syncOf(row)
}

/** By file, then line. */
export async function listQuarantinedRows(db: Executor, syncId: string, { limit, after }: { limit: number; after?: string | undefined }) {
  const from = after === undefined ? undefined : decodeCursor(after, ['', 0] as [string, number])
  const rows = await db
    .select()
    .from(quarantinedRow)
    .where(
      and(
        eq(quarantinedRow.syncId, syncId),
        from === undefined ? undefined : sql`(${quarantinedRow.file}, ${quarantinedRow.line}) > (${from[0]}, ${from[1]}::integer)`,
      ),
    )
    .orderBy(asc(quarantinedRow.file), asc(quarantinedRow.line))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.file, row.line], quarantinedOf)
}

/** What the workflow answers; a run with very many jumps has them all on its row. */
export const syncResultOf = (row: SyncRow): SyncResult => ({
  syncId: row.id,
  state: row.state,
  ...(row.snapshotId === null ? {} : { snapshotId: row.snapshotId }),
  rows: row.rows,
  symbols: row.symbols,
  quarantined: row.quarantined,
  jumps: row.jumps.slice(0, jumpsInResult),
})

const jumpsInResult = 100

const syncOf = (row: SyncRow): Sync => ({
  id: row.id,
  dataset: row.dataset,
  connector: row.connector,
  state: row.state,
  step: row.step,
  rows: row.rows,
  symbols: row.symbols,
  quarantined: row.quarantined,
  jumps: row.jumps,
  withdrawn: row.withdrawn,
  snapshotId: row.snapshotId,
  failure: row.failure,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: isoOrNull(row.endedAt),
})

const quarantinedOf = ({ file, line, reason, symbol, session, raw }: typeof quarantinedRow.$inferSelect): QuarantinedRow => ({
  file,
  line,
  reason,
  ...(symbol === null ? {} : { symbol }),
  ...(session === null ? {} : { session }),
  raw,
})
