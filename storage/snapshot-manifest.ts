import { gunzipSync, gzipSync } from 'node:zlib'
import { z } from 'zod'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { SnapshotManifest, Universe } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from './object-store.ts'

/** Compressed: it is stored whole with every change, and mostly repeats the hashes that it names. */
export const writeManifest = (objects: Pick<ObjectStore, 'put'>, manifest: SnapshotManifest): Promise<ObjectRef> =>
  objects.put(gzipSync(canonicalJson(manifest)), 'gz')

/** Manifests are asked for again and again, and large ones take a while to be parsed. Nobody changes one. */
const newest = new Map<string, SnapshotManifest>()
const mostKept = 4

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readManifest(objects: Pick<ObjectStore, 'get'>, ref: ObjectRef): Promise<SnapshotManifest> {
  const bytes = await objects.get(ref)
  const parsed = newest.get(ref.sha256)
  if (parsed !== undefined) return parsed
  try {
    const manifest = SnapshotManifest.parse(JSON.parse(gunzipSync(bytes).toString()))
    if (newest.size >= mostKept) newest.clear()
    newest.set(ref.sha256, manifest)
    return manifest
  } catch (error) {
    throw new QuantloopError(
      'object_corrupt',
      `${ref.uri} is not a snapshot's manifest of a format that this program reads`,
      { object: ref.uri },
      { cause: error },
    )
  }
}

/** The universes that stand beside a snapshot's bars. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readUniverses(objects: Pick<ObjectStore, 'get'>, beside: SnapshotManifest['beside']): Promise<Universe[]> {
  if (beside?.universes === undefined) return []
  return z.array(Universe).parse(JSON.parse(new TextDecoder().decode(await objects.get(beside.universes))))
}
