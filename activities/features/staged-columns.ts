/** Columns that a build computes on its way: their shards, by group of symbols, as one object tells them from step to step. */
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureShard } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { type Holder, readIfThere } from './held-shards.ts'

/** `shards` are in the order of time, one for each slice in which the group has rows. */
export type StagedColumns = { columns: ShardColumn[]; groups: { group: number; shards: FeatureShard[] }[] }

export const putStaged = (objects: ObjectStore, staged: StagedColumns): Promise<ObjectRef> => putJson(objects, staged)

export const getStaged = async (objects: Pick<ObjectStore, 'get'>, ref: ObjectRef): Promise<StagedColumns> =>
  JSON.parse(new TextDecoder().decode(await objects.get(ref))) as StagedColumns

/** @throws QuantloopError object_missing when the store lost it: it is forgotten, and the next build computes it again */
export async function readStagedShard(world: Holder, { object }: FeatureShard): Promise<Uint8Array> {
  const bytes = await readIfThere(world, object)
  if (bytes !== undefined) return bytes
  throw new QuantloopError('object_missing', `the store lost the shard ${object.uri} of this build: build again, which computes it anew`, {
    object: object.uri,
  })
}
