import { SnapshotVerifier } from '#activities/snapshots/snapshot-verifier.ts'
import { readManifest } from '#storage/snapshot-manifest.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/** Everything of a snapshot read again past the cache: its id, its rows and whatever is wrong with it. */
export async function verifySnapshot(objects: ObjectStore, ref: ObjectRef) {
  const { rows, damage } = await new SnapshotVerifier({ objects, secondCopy: undefined }, { repair: false }).verify(
    ref,
    new AbortController().signal,
  )
  return { snapshotId: (await readManifest(objects, ref)).id, rows, damage }
}
