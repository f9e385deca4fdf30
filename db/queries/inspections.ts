import { and, desc, eq, sql } from 'drizzle-orm'
import type { Failure, InspectionEnd, InspectionKind, InspectionResults } from '#contracts/snapshots.ts'
import type { Executor } from '../client.ts'
import { inspection } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

export type InspectionRecord<K extends InspectionKind> = {
  id: string
  dataset: string | null
  snapshotIds: string[]
  state: InspectionEnd
  failure: Failure | null
  result: InspectionResults[K] | null
  requestedBy: string
  startedAt: string
  endedAt: string
}

/** Newest first; of one dataset, or of all. */
export async function listInspections<K extends InspectionKind>(
  db: Executor,
  kind: K,
  { dataset, limit, after }: { dataset?: string | undefined; limit: number; after?: string | undefined },
) {
  const before = after === undefined ? undefined : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(inspection)
    .where(
      and(
        eq(inspection.kind, kind),
        dataset === undefined ? undefined : eq(inspection.dataset, dataset),
        before === undefined ? undefined : sql`(${inspection.endedAt}, ${inspection.id}) < (${before[0]}::timestamptz, ${before[1]}::uuid)`,
      ),
    )
    .orderBy(desc(inspection.endedAt), desc(inspection.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.endedAt, row.id], recordOf<K>)
}

export async function findInspectionRecord<K extends InspectionKind>(
  db: Executor,
  kind: K,
  id: string,
): Promise<InspectionRecord<K> | undefined> {
  const [row] = await db
    .select()
    .from(inspection)
    .where(and(eq(inspection.kind, kind), eq(inspection.id, id)))
  return row && recordOf<K>(row)
}

const recordOf = <K extends InspectionKind>(row: typeof inspection.$inferSelect): InspectionRecord<K> => ({
  id: row.id,
  dataset: row.dataset,
  snapshotIds: row.snapshotIds,
  state: row.state,
  failure: row.failure,
  // a row's kind says which result it holds
  result: row.result as InspectionResults[K] | null,
  requestedBy: row.requestedBy,
  startedAt: iso(row.startedAt),
  endedAt: iso(row.endedAt),
})
