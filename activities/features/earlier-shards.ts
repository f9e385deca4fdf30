/**
 * A slice grows by a session, or a bar of one of its symbols is revised: the rows before, and those of the other symbols, are
 * what the shard before holds, and are copied from it. Which these are the content of the series tells
 * (domain/features/series-ends.ts), whatever snapshot that shard was of.
 */
import type { ObjectRef } from '#contracts/references.ts'
import type { EarlierCached } from '#db/queries/cached-shards.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { Series, SeriesEnds } from '#domain/features/series-ends.ts'
import { placeOf } from '#domain/features/slice-keys.ts'
import { rowsOf, type Slice } from '#domain/features/slices.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import { type Holder, readIfThere } from './held-shards.ts'
import { type NamedColumn, readColumns, readRows, type SymbolRows } from './shard-file.ts'

/** `rows` says where those of a symbol stand in the columns, which are there by name; `key` names what it was computed from. */
export type EarlierShard = {
  key: string
  rows: ReadonlyMap<string, { at: number; count: number; firstSession: string }>
  ends: SeriesEnds
  columns: ReadonlyMap<string, Float32Array>
}

/** Rows of a symbol that need not be computed, in a shard that holds them; `to` is the symbol's row after them, of those at hand. */
export type KeptRows = { shard: EarlierShard; at: number; count: number; to: number }

/** A slice that lacks columns; `earlier` are shards that may have rows in common with it. */
export type Lacking = { slice: Slice; missing: readonly ShardColumn[]; earlier: readonly EarlierShard[] }

type Content = { rows: SymbolRows[]; named: readonly NamedColumn[] }

/** In bytes: the newest shards of some thousand symbols. */
const keptBytes = 64 * 1024 * 1024
const kept = new RecentlyUsed<Content>(keptBytes, ({ named }) => named.reduce((bytes, { values }) => bytes + values.byteLength, 0))

/** Of a slice that will grow: so its shard need not be read for the session after. */
export const keepShard = ({ sha256 }: ObjectRef, content: Content): void => kept.set(sha256, content)

/** Where shards of the same symbols lie that are within a slice, or begin where it does, in the order of time. */
export const placesOf = ({ months }: Slice, symbols: readonly string[]): string[] => months.map((month) => placeOf(month, symbols))

/** The shards of some columns at places, as far as they are still there. */
export async function earlierShards(
  world: Holder,
  places: readonly string[],
  columns: readonly ShardColumn[],
  found: ReadonlyMap<string, EarlierCached>,
): Promise<EarlierShard[]> {
  const shards: EarlierShard[] = []
  for (const place of places) {
    const shard = found.get(place)
    const content = shard && (await contentOf(world, shard.shard.object, columns))
    if (content === undefined) continue
    const rows = new Map<string, { at: number; count: number; firstSession: string }>()
    let at = 0
    for (const { symbol, sessions } of content.rows) {
      rows.set(symbol, { at, count: sessions.length, firstSession: sessions[0]! })
      at += sessions.length
    }
    shards.push({ key: shard!.key, rows, ends: shard!.ends, columns: new Map(content.named.map(({ name, values }) => [name, values])) })
  }
  return shards
}

async function contentOf(world: Holder, object: ObjectRef, columns: readonly ShardColumn[]): Promise<Content | undefined> {
  const known = kept.get(object.sha256)
  if (known !== undefined) return known
  const bytes = await readIfThere(world, object)
  if (bytes === undefined) return undefined
  const names = columns.map(({ name }) => name)
  return { rows: readRows(bytes), named: [...readColumns(bytes, names)].map(([name, values]) => ({ name, values })) }
}

/** The rows of a slice that are what they were, from its first one on. */
export function keptRows(slice: Slice, shards: readonly EarlierShard[], series: Series): KeptRows[] {
  const { symbol, sessions } = series.bars
  const { from, to } = rowsOf(slice, sessions)
  const rows: KeptRows[] = []
  let next = from
  for (const shard of shards) {
    const own = shard.rows.get(symbol)
    if (own === undefined) continue
    const end = next + own.count
    if (end > to || own.firstSession !== sessions[next] || shard.ends[symbol]?.content !== series.contentTo(end)) break
    rows.push({ shard, at: own.at, count: own.count, to: end })
    next = end
  }
  return rows
}
