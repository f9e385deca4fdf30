import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot, resolveSnapshot } from '#db/queries/snapshots.ts'
import { found } from './found.ts'

/** `snapshotId` is any reference: an id, first digits of it, a tag, `head`, `head~N`. */
type Wanted = { dataset: string; snapshotId?: string | undefined }

/**
 * The id of the snapshot that a request means: the dataset's newest unless it names one.
 * @throws QuantloopError not_found | snapshot_not_found | invalid_request
 */
export async function snapshotFor(db: Executor, { dataset, snapshotId = 'head' }: Wanted): Promise<string> {
  found(await findDataset(db, dataset), 'dataset', dataset)
  const id = await resolveSnapshot(db, dataset, snapshotId)
  const { collectedAt } = found(await findSnapshot(db, id, dataset), 'snapshot', id)
  if (collectedAt !== null)
    throw new QuantloopError('snapshot_not_found', `the content of snapshot ${id} of ${dataset} was collected at ${collectedAt}`, {
      dataset,
      snapshot: id,
    })
  return id
}
