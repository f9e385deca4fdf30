/** What of a slice some earlier build has computed: the whole shard, or columns of shards that other sets have. */
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import type { CachedShard } from '#db/queries/cached-shards.ts'
import { columnsHash, type ShardColumn } from '#domain/features/definitions.ts'
import { type Ahead, aheadOf, type GroupContents } from '#domain/features/slice-keys.ts'
import type { Slice } from '#domain/features/slices.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readColumns, readRows, type SymbolRows } from './shard-file.ts'

/** `bytes` are there when they were asked for. */
export type WholeShard = { shard: CachedShard; bytes: Uint8Array | undefined }

/** Columns by expression. `rows` are theirs, and `ahead` is what the label among them reads. */
export type HeldColumns = { columns: Map<string, Float32Array>; rows: SymbolRows[]; ahead: Ahead | undefined }

export type Held = { whole: WholeShard } | HeldColumns

export type Holder = { db: Database; objects: Pick<ObjectStore, 'get'> }

/**
 * What of `wanted` the shards hold that were computed from what the slice's key names. A label also counts only where what it
 * reads ahead is what it was. Shards that are no longer in the store are forgotten, if they are read here.
 */
export async function holdSlice(
  world: Holder,
  { slice, contents, wanted }: { slice: Slice; contents: GroupContents; wanted: readonly ShardColumn[] },
  shards: readonly CachedShard[],
  { read }: { read: boolean },
): Promise<Held> {
  const usable = (shard: CachedShard) =>
    shard.columns.filter(({ ahead }) => ahead === 0 || shard.ahead.sha256 === aheadOf(slice, shard.ahead.through, contents).sha256)
  const hash = columnsHash(wanted)
  const same = shards.find((shard) => shard.columnsHash === hash && usable(shard).length === shard.columns.length)
  if (same !== undefined) {
    const bytes = read ? await readIfThere(world, same.shard.object) : undefined
    if (!read || bytes !== undefined) return { whole: { shard: same, bytes } }
  }
  return await holdColumns(
    world,
    new Set(wanted.map(({ text }) => text)),
    shards.filter((shard) => shard !== same).map((shard) => ({ shard, usable: usable(shard) })),
  )
}

type Candidate = { shard: CachedShard; usable: readonly ShardColumn[] }

/** From few shards rather than from many: the one that holds most comes first. */
async function holdColumns(world: Holder, texts: ReadonlySet<string>, candidates: readonly Candidate[]): Promise<HeldColumns> {
  const columns = new Map<string, Float32Array>()
  let rows: SymbolRows[] = []
  let ahead: Ahead | undefined
  const ofUse = ({ usable }: Candidate) => usable.filter(({ text }) => texts.has(text) && !columns.has(text))
  for (const candidate of candidates.toSorted((a, b) => ofUse(b).length - ofUse(a).length)) {
    const taken = ofUse(candidate)
    if (taken.length === 0) continue
    const bytes = await readIfThere(world, candidate.shard.shard.object)
    if (bytes === undefined) continue
    const found = readColumns(
      bytes,
      taken.map(({ name }) => name),
    )
    for (const { name, text } of taken) columns.set(text, found.get(name)!)
    if (taken.some((column) => column.ahead > 0)) ahead = candidate.shard.ahead
    if (rows.length === 0) rows = readRows(bytes)
  }
  return { columns, rows, ahead }
}

async function readIfThere({ db, objects }: Holder, ref: ObjectRef): Promise<Uint8Array | undefined> {
  try {
    return await objects.get(ref)
  } catch (error) {
    if (!(error instanceof QuantloopError) || error.code !== 'object_missing') throw error
    await forgetShards(db, [ref.uri])
    return undefined
  }
}
