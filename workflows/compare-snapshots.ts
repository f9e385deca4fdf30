import { proxyActivities } from '@temporalio/workflow'
import type { InspectionActivities } from '#activities/inspections.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { CompareInput } from '#contracts/snapshots.ts'
import { inspected } from './inspected.ts'
import { inspection } from './proxies.ts'

const { compareSnapshots: compare } = proxyActivities<InspectionActivities>({ ...inspection, summary: 'what differs, by chunk and bar' })

/** What two snapshots say differently, as an object. */
export async function compareSnapshots(input: CompareInput): Promise<ObjectRef> {
  const { comparisonId: id, before, after, by: requestedBy } = input
  const snapshotIds = [before.snapshotId, after.snapshotId]
  return await inspected({ kind: 'comparison', id, dataset: before.dataset, snapshotIds, requestedBy }, () => compare(input))
}
