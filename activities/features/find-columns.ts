import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { type CachedColumn, findCachedColumns } from '#db/queries/cached-columns.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readColumns } from './shard-file.ts'

/** Columns that an earlier build computed, by key. One whose shard is no longer in the store counts as never computed. */
export async function findColumns(db: Database, objects: ObjectStore, keys: readonly string[]): Promise<Map<string, Float32Array>> {
  const found = new Map<string, Float32Array>()
  const byShard = new Map<string, CachedColumn[]>()
  for (const place of await findCachedColumns(db, keys))
    byShard.set(place.object.sha256, [...(byShard.get(place.object.sha256) ?? []), place])
  for (const places of byShard.values()) {
    const bytes = await readIfThere(objects, places[0]!.object)
    if (bytes === undefined) continue
    const columns = readColumns(
      bytes,
      places.map(({ column }) => column),
    )
    for (const { key, column } of places) found.set(key, columns.get(column)!)
  }
  return found
}

async function readIfThere(objects: ObjectStore, ref: ObjectRef): Promise<Uint8Array | undefined> {
  try {
    return await objects.get(ref)
  } catch (error) {
    if (error instanceof QuantloopError && error.code === 'object_missing') return undefined
    throw error
  }
}
