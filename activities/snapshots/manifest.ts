import { canonicalJson } from '#contracts/canonical-json.ts'
import { SnapshotManifest } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'

export const writeManifest = (objects: ObjectStore, manifest: SnapshotManifest) =>
  objects.put(new TextEncoder().encode(canonicalJson(manifest)), 'json')

/** Manifests are asked for again and again, and large ones take a while to be parsed. Nobody changes one. */
const newest = new Map<string, SnapshotManifest>()
const mostKept = 4

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function readManifest(objects: ObjectStore, ref: ObjectRef): Promise<SnapshotManifest> {
  const text = new TextDecoder().decode(await objects.get(ref))
  const parsed = newest.get(ref.sha256)
  if (parsed !== undefined) return parsed
  try {
    const manifest = SnapshotManifest.parse(JSON.parse(text))
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
