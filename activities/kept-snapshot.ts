import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'

/** A snapshot whose content is there. @throws QuantloopError snapshot_not_found */
export async function keptSnapshot(db: Database, { dataset, snapshotId }: { dataset: string; snapshotId: string }) {
  const found = await findSnapshot(db, snapshotId, dataset)
  if (found === undefined || found.collectedAt !== null)
    throw new QuantloopError('snapshot_not_found', `${dataset} has no snapshot ${snapshotId}, or its content was collected`, {
      dataset,
      snapshot: snapshotId,
    })
  return { dataset, manifest: found.manifest }
}
