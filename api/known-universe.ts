import { found } from './found.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { universeNamed } from '#domain/market/universe.ts'
import { readManifest, readUniverses } from '#storage/snapshot-manifest.ts'
import type { AppDependencies } from './dependencies.ts'

/** Refuses a universe that a snapshot has not. @throws DomainError not_found, with the near names and all there are */
export async function assertUniverse(
  { db, objects }: Pick<AppDependencies, 'db' | 'objects'>,
  { dataset, snapshotId }: { dataset: string; snapshotId: string },
  universe: string | undefined,
): Promise<void> {
  if (universe === undefined) return
  const { manifest } = found(await findSnapshot(db, snapshotId, dataset), 'snapshot', snapshotId)
  const { beside } = await readManifest(objects, manifest)
  universeNamed(await readUniverses(objects, beside), universe, snapshotId)
}
