import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { keepNewest } from '#domain/keep-newest.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { parseManifest } from '#storage/snapshot-manifest.ts'

/** Activities ask for the same manifests again and again, and large ones take a while to be parsed. Nobody changes one. */
const parsed = keepNewest<SnapshotManifest>(4)

/** The bytes are read, and hashed, each time. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readManifest(objects: Pick<ObjectStore, 'get'>, ref: ObjectRef): Promise<SnapshotManifest> {
  const bytes = await objects.get(ref)
  return await parsed(ref.sha256, async () => parseManifest(bytes, ref))
}
