import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { found } from './found.ts'

type Wanted = { dataset: string; snapshotId?: string | undefined }

/**
 * The snapshot that a request means: the named one if it belongs to the dataset, else the dataset's newest.
 * @throws QuantloopError not_found | snapshot_not_found
 */
export async function snapshotFor(db: Executor, { dataset, snapshotId }: Wanted): Promise<string> {
  const { headSnapshotId } = found(await findDataset(db, dataset), 'dataset', dataset)
  if (snapshotId === undefined) {
    if (headSnapshotId === null)
      throw new QuantloopError(
        'snapshot_not_found',
        `dataset ${dataset} has no snapshot yet: sync it first (\`quantloop data sync ${dataset}\`)`,
        { dataset },
      )
    return headSnapshotId
  }
  if (!(await findSnapshot(db, snapshotId, dataset)))
    throw new QuantloopError('snapshot_not_found', `dataset ${dataset} has no snapshot ${snapshotId}`, { dataset, snapshot: snapshotId })
  return snapshotId
}
