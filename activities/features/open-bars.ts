import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureBuild } from '#contracts/features.ts'
import type { Database } from '#db/client.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'

/** The bars that a build was computed from, of some symbols. @throws QuantloopError snapshot_not_found | object_missing | object_corrupt */
export async function openBars(
  { db, objects }: { db: Database; objects: ObjectStore },
  { snapshotId, dataset, asOf }: FeatureBuild,
  symbols: ReadonlySet<string>,
): Promise<SnapshotBars> {
  const row = await findSnapshot(db, snapshotId, dataset)
  if (row === undefined || row.collectedAt !== null)
    throw new QuantloopError('snapshot_not_found', `${dataset} has no snapshot ${snapshotId}, or its content was collected`, {
      dataset,
      snapshot: snapshotId,
    })
  return await openSnapshotKnownAt(objects, row.manifest, asOf ?? undefined, [...symbols])
}
