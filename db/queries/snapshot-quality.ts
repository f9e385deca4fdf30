import { and, eq, sql } from 'drizzle-orm'
import type { QualityReport } from '#contracts/quality.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { quarantinedRow, snapshot, snapshotQuality, syncRun } from '../schema.ts'

export type QualityOf = { dataset: string; snapshotId: string; engineVersion: string }

export async function findQualityReport(db: Executor, { dataset, snapshotId, engineVersion }: QualityOf): Promise<ObjectRef | undefined> {
  const [row] = await db
    .select({ report: snapshotQuality.report })
    .from(snapshotQuality)
    .where(
      and(
        eq(snapshotQuality.dataset, dataset),
        eq(snapshotQuality.snapshotId, snapshotId),
        eq(snapshotQuality.engineVersion, engineVersion),
      ),
    )
  return row?.report
}

/** Reasons that are told; rarer ones count among the rows. */
const mostReasons = 30
const shownOfRaw = 200

/**
 * The rows that the sync of a snapshot refused, by reason without its own figures (what is quoted, and numbers), most
 * frequent first.
 */
export async function quarantineOfSnapshot(
  db: Executor,
  { dataset, snapshotId }: { dataset: string; snapshotId: string },
): Promise<QualityReport['quarantine']> {
  const { rows } = await db.execute<{
    kind: string
    rows: number
    total: number
    file: string
    line: number
    reason: string
    raw: string
  }>(sql`
    with refused as (
      select q.file, q.line, q.reason, q.raw,
        regexp_replace(regexp_replace(q.reason, ${"'[^']*'"}, '…', 'g'), ${'[-+]?[0-9][0-9.:eE+-]*[0-9]|[-+]?[0-9]'}, '…', 'g') as kind
      from ${quarantinedRow} q join ${snapshot} s on s.sync_id = q.sync_id
      where s.dataset = ${dataset} and s.id = ${snapshotId}
    ),
    counted as (select kind, count(*)::integer as rows, sum(count(*)) over ()::integer as total from refused group by kind),
    first as (select distinct on (kind) * from refused order by kind, file, line)
    select kind, counted.rows, total, file, line, reason, left(raw, ${shownOfRaw}) as raw
    from counted join first using (kind) order by counted.rows desc, kind limit ${mostReasons}`)
  return {
    rows: rows[0]?.total ?? 0,
    reasons: rows.map(({ kind, rows: count, file, line, reason, raw }) => ({
      reason: kind,
      rows: count,
      example: { file, line, reason, raw },
    })),
  }
}

/** Symbols that the source no longer knew at the sync of a snapshot, ascending. */
export async function withdrawnOfSnapshot(
  db: Executor,
  { dataset, snapshotId }: { dataset: string; snapshotId: string },
): Promise<string[]> {
  const [row] = await db
    .select({ withdrawn: syncRun.withdrawn })
    .from(syncRun)
    .innerJoin(snapshot, eq(snapshot.syncId, syncRun.id))
    .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, snapshotId)))
  return row?.withdrawn ?? []
}
