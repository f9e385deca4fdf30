import type { FeatureBuild } from '#contracts/features.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { keptSnapshot } from '../kept-snapshot.ts'
import { openSnapshotKnownAt, type SnapshotBars } from '../snapshots.ts'

/** The bars that a build was computed from, of some symbols. @throws QuantloopError snapshot_not_found | object_missing | object_corrupt */
export async function openBars(
  { db, objects }: { db: Database; objects: ObjectStore },
  { snapshotId, dataset, asOf }: FeatureBuild,
  symbols: ReadonlySet<string>,
): Promise<SnapshotBars> {
  const { manifest } = await keptSnapshot(db, { dataset, snapshotId })
  return await openSnapshotKnownAt(objects, manifest, asOf ?? undefined, [...symbols])
}
