/** What of a slice some earlier build has computed: the whole shard, or columns of shards that other sets have. */
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import type { CachedShard } from '#db/queries/cached-shards.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { type Ahead, type GroupContents, monthsAhead, readAhead } from '#domain/features/slice-keys.ts'
import type { Slice } from '#domain/features/slices.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { GroupBars } from './group-bars.ts'
import { featuresOf, keepNewestRows, newestOf, type NewestRow, recentNewest } from './newest-rows.ts'
import { readColumns, readRows, type SymbolRows } from './shard-file.ts'

/** `renewed` is there when the rows ahead are what they were, in months that are not. */
export type WholeShard = { shard: CachedShard; newest: NewestRow[]; renewed: Ahead | undefined }

/** Columns by expression. `rows` are theirs, and `ahead` is what the label among them reads. */
export type HeldColumns = { columns: Map<string, Float32Array>; rows: SymbolRows[]; ahead: Ahead | undefined }

export type Held = { whole: WholeShard } | HeldColumns

export type Holder = { db: Database; objects: Pick<ObjectStore, 'get'> }

/** `hash` is that of the columns; of the symbols in `last` the newest rows are asked for. */
export type WantedSlice = {
  slice: Slice
  last: ReadonlySet<string>
  contents: GroupContents
  columns: readonly ShardColumn[]
  hash: string
}

/**
 * What of a slice's columns the shards hold that were computed from what its key names. A label also counts only where the
 * rows that it reads ahead are what they were: bars are read to tell only where their months changed. A shard that is
 * found missing from the store is forgotten.
 */
export async function holdSlice(world: Holder, wanted: WantedSlice, shards: readonly CachedShard[], bars: GroupBars): Promise<Held> {
  const candidates: Candidate[] = []
  for (const shard of shards) candidates.push(await candidateOf(wanted, shard, bars))
  const same = candidates.find(({ shard, usable }) => shard.columnsHash === wanted.hash && usable.length === shard.columns.length)
  if (same !== undefined) {
    const newest = await newestIn(world, same.shard.shard.object, wanted)
    if (newest !== undefined) return { whole: { shard: same.shard, newest, renewed: same.renewed } }
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

/** Nothing when the shard is not there any more. */
async function newestIn(world: Holder, shard: ObjectRef, { last, columns }: WantedSlice): Promise<NewestRow[] | undefined> {
  if (last.size === 0) return []
  const kept = recentNewest(shard, last)
  if (kept !== undefined) return kept
  const bytes = await readIfThere(world, shard)
  if (bytes === undefined) return undefined
  const names = columns.map(({ name }) => name)
  const found = readColumns(bytes, names)
  const newest = newestOf(readRows(bytes), featuresOf(names.map((name) => found.get(name)!)), last)
  keepNewestRows(shard, last, newest)
  return newest
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
