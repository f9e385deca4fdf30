import { createHash } from 'node:crypto'
import type { Client } from '@temporalio/client'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { SyncInput } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { syncWorkflowId } from '#contracts/ids.ts'
import type { RequestSyncInput, RequestSyncResult } from '#contracts/schedules.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Database } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSync } from '#db/queries/syncs.ts'

/**
 * Syncs the dataset again from where it came, or joins the sync that is running. Asking again under the same `syncId`
 * starts nothing more.
 * @throws QuantloopError not_found
 */
export async function requestSync(
  { db, client }: { db: Database; client: Client },
  { schedule, dataset }: RequestSyncInput,
  syncId: string,
): Promise<RequestSyncResult> {
  const known = await findDataset(db, dataset)
  if (known === undefined) throw new QuantloopError('not_found', `there is no dataset ${dataset}`, { dataset })
  // an earlier try of this firing started it, and it has even ended
  if (await findSync(db, syncId)) return { syncId, joined: false }
  const bodySha256 = createHash('sha256').update(canonicalJson({ schedule, dataset })).digest('hex')
  const by = `schedule:${schedule}`
  const input: SyncInput = { syncId, dataset, connector: known.connector, origin: { by, bodySha256 } }
  const handle = await client.workflow.start('syncMarketData', {
    workflowId: syncWorkflowId(dataset),
    taskQueue: taskQueues.orchestration,
    args: [input],
    memo: { id: syncId, input, by, bodySha256 },
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
  })
  const { memo } = await client.workflow.getHandle(handle.workflowId).describe()
  const running = typeof memo?.id === 'string' ? memo.id : syncId
  return { syncId: running, joined: running !== syncId }
}
