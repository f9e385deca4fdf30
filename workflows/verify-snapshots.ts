import { proxyActivities } from '@temporalio/workflow'
import type { InspectionActivities } from '#activities/inspections.ts'
import type { VerifyInput, VerifyResult } from '#contracts/snapshots.ts'
import { inspected } from './inspected.ts'
import { inspection } from './proxies.ts'

const { verifySnapshots: verify } = proxyActivities<InspectionActivities>({
  ...inspection,
  summary: 'every object read and hashed again, every id computed again',
})

/** Whether snapshots are what their ids say, and what was put back where they were not. */
export async function verifySnapshots(input: VerifyInput): Promise<VerifyResult> {
  const { verificationId: id, dataset = null, snapshotId, by: requestedBy } = input
  const snapshotIds = snapshotId === undefined ? [] : [snapshotId]
  return await inspected({ kind: 'verification', id, dataset, snapshotIds, requestedBy }, () => verify(input))
}
