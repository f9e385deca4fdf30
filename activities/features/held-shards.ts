/** What of a slice some earlier build has computed: the whole shard, or columns of shards that other sets have. */
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import type { CachedShard } from '#db/queries/cached-shards.ts'
import { columnsHash, type ShardColumn } from '#domain/features/definitions.ts'
import { type Ahead, type GroupContents, monthsAhead, readAhead } from '#domain/features/slice-keys.ts'
import type { Slice } from '#domain/features/slices.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { GroupBars } from './group-bars.ts'
import { readColumns, readRows, type SymbolRows } from './shard-file.ts'

/** `bytes` are there when they were asked for; `renewed` when the rows ahead are what they were, in months that are not. */
export type WholeShard = { shard: CachedShard; bytes: Uint8Array | undefined; renewed: Ahead | undefined }

/** Columns by expression. `rows` are theirs, and `ahead` is what the label among them reads. */
export type HeldColumns = { columns: Map<string, Float32Array>; rows: SymbolRows[]; ahead: Ahead | undefined }

export type Held = { whole: WholeShard } | HeldColumns

export type Holder = { db: Database; objects: Pick<ObjectStore, 'get'> }

/** `read` asks for the bytes of a shard that is held whole. */
export type WantedSlice = { slice: Slice; contents: GroupContents; columns: readonly ShardColumn[]; read: boolean }

/**
 * What of a slice's columns the shards hold that were computed from what its key names. A label also counts only where the
 * rows that it reads ahead are what they were: bars are read to tell only where their months changed. A shard that is
 * found missing from the store is forgotten.
 */
export async function holdSlice(world: Holder, wanted: WantedSlice, shards: readonly CachedShard[], bars: GroupBars): Promise<Held> {
  const candidates: Candidate[] = []
  for (const shard of shards) candidates.push(await candidateOf(wanted, shard, bars))
  const hash = columnsHash(wanted.columns)
  const same = candidates.find(({ shard, usable }) => shard.columnsHash === hash && usable.length === shard.columns.length)
  if (same !== undefined) {
    const bytes = wanted.read ? await readIfThere(world, same.shard.shard.object) : undefined
    if (!wanted.read || bytes !== undefined) return { whole: { shard: same.shard, bytes, renewed: same.renewed } }
  }
  return await holdColumns(world, new Set(wanted.columns.map(({ text }) => text)), candidates)
}

type Candidate = { shard: CachedShard; usable: readonly ShardColumn[]; renewed: Ahead | undefined }

async function candidateOf({ slice, contents }: WantedSlice, shard: CachedShard, bars: GroupBars): Promise<Candidate> {
  const { columns, ahead } = shard
  const reach = Math.max(...columns.map((column) => column.ahead))
  if (reach === 0 || ahead.months === monthsAhead(slice, ahead.through, contents)) return { shard, usable: columns, renewed: undefined }
  const later = await bars.after(slice)
  const renewed = readAhead(slice, reach, { symbols: shard.shard.symbols, bars: later.bars }, contents)
  if (renewed.rows === ahead.rows) return { shard, usable: columns, renewed }
  return { shard, usable: columns.filter((column) => column.ahead === 0), renewed: undefined }
}

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
    if (taken.some((column) => column.ahead > 0)) ahead = candidate.renewed ?? candidate.shard.ahead
    if (rows.length === 0) rows = readRows(bytes)
  }
  return { columns, rows, ahead }
}

/** The bytes of a shard; one that is missing from the store is forgotten. */
export async function readIfThere({ db, objects }: Holder, ref: ObjectRef): Promise<Uint8Array | undefined> {
  try {
    return await objects.get(ref)
  } catch (error) {
    if (!(error instanceof QuantloopError) || error.code !== 'object_missing') throw error
    await forgetShards(db, [ref.uri])
    return undefined
  }
}
