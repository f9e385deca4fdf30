import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { canonicalJsonBytes } from '#contracts/canonical-json.ts'
import { SnapshotManifest, Universe } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from './object-store.ts'

/** Compressed: it is stored whole with every change, and mostly repeats the hashes that it names. */
export const writeManifest = (objects: Pick<ObjectStore, 'put'>, manifest: SnapshotManifest): Promise<ObjectRef> =>
  objects.put(gzipSync(canonicalJsonBytes(manifest)), 'gz')

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export const readManifest = async (objects: Pick<ObjectStore, 'get'>, ref: ObjectRef): Promise<SnapshotManifest> =>
  parseManifest(await objects.get(ref), ref)

/** @throws QuantloopError object_corrupt */
export function parseManifest(bytes: Uint8Array, { uri }: ObjectRef): SnapshotManifest {
  try {
    return SnapshotManifest.parse(JSON.parse(gunzipSync(bytes).toString()))
  } catch (error) {
    throw new QuantloopError(
      'object_corrupt',
      `${uri} is not a snapshot's manifest of a format that this program reads`,
      { object: uri },
      { cause: error },
    )
  }
}

/** The universes that stand beside a snapshot's bars. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readUniverses(objects: Pick<ObjectStore, 'get'>, beside: SnapshotManifest['beside']): Promise<Universe[]> {
  if (beside?.universes === undefined) return []
  return z.array(Universe).parse(JSON.parse(new TextDecoder().decode(await objects.get(beside.universes))))
}
