import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { snapshotQuality } from '../schema.ts'

export type QualityReportRow = { dataset: string; snapshotId: string; engineVersion: string; report: ObjectRef }

/** Points at a snapshot's quality report. The same snapshot gives the same report, so that the first row stands. */
export async function keepQualityReport(db: Executor, row: QualityReportRow): Promise<void> {
  await db.insert(snapshotQuality).values(row).onConflictDoNothing()
}
