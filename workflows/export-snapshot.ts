import { proxyActivities } from '@temporalio/workflow'
import type { InspectionActivities } from '#activities/inspections.ts'
import type { ExportInput, ExportResult } from '#contracts/snapshots.ts'
import { inspected } from './inspected.ts'
import { inspection } from './proxies.ts'

const { exportSnapshot: write } = proxyActivities<InspectionActivities>({ ...inspection, summary: 'bars into one file' })

/** Bars of a snapshot as one file in the object store. */
export async function exportSnapshot(input: ExportInput): Promise<ExportResult> {
  const { exportId: id, dataset, snapshotId, by: requestedBy } = input
  return await inspected({ kind: 'export', id, dataset, snapshotIds: [snapshotId], requestedBy }, () => write(input))
}
