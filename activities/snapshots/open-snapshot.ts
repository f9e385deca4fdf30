import type { CorporateAction, SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { groupBy } from '#domain/group-by.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readByFeatures, readKeptChunks } from './decoded-chunks.ts'
import { readChunks } from './read-chunks.ts'
import { readManifest } from './read-manifest.ts'
import { within } from './rows-of-chunk.ts'

/** What a snapshot holds of each symbol. */
export type SnapshotBars = {
  manifest: SnapshotManifest
  /** @throws QuantloopError not_found | object_missing | object_corrupt | unavailable */
  bars(symbol: string): Promise<BarColumns>
  actions(symbol: string): CorporateAction[]
}

export type LaterBars = {
  /**
   * The bars of some symbols from a month (`2026-11`) on, and earlier ones as they come: later chunks are read, and no
   * others. What no feature reads is left out: when a bar was known, and the vendor's adjusted close.
   */
  barsSince(symbols: readonly string[], month: string): Promise<ReadonlyMap<string, BarColumns>>
}

export type SnapshotReader = SnapshotBars &
  LaterBars & {
    /** The bars of one listed chunk, by symbol: of what is decoded already, or else of that chunk's file alone. */
    chunk(chunk: SnapshotChunk): Promise<ReadonlyMap<string, BarColumns>>
  }

/** Decoded rows that a reader keeps: about 100 bytes each. */
const keptRows = 1_000_000

/**
 * Opens a snapshot by its manifest. The hash of each object is checked on every read. Symbols that share chunks are
 * decoded together and kept for the next question, so asking for all symbols reads each chunk once.
 */
export async function openSnapshot(objects: ObjectStore, ref: ObjectRef): Promise<SnapshotReader> {
  const manifest = await readManifest(objects, ref)
  let groups: Map<string, Group> | undefined
  let actions: Map<string, CorporateAction[]> | undefined
  const groupOf = (symbol: string) => (groups ??= groupsOf(manifest)).get(symbol)
  const decoded = new Map<Group, Promise<Map<string, BarColumns>>>()

  const decode = (group: Group) => {
    const reading = readChunks(objects, [...group.chunks])
    reading.catch(() => decoded.delete(group))
    decoded.set(group, reading)
    let kept = [...decoded.keys()].reduce((rows, { chunks }) => rows + rowsOf(chunks), 0)
    for (const oldest of decoded.keys()) {
      if (kept <= keptRows || oldest === group) break
      kept -= rowsOf(oldest.chunks)
      decoded.delete(oldest)
    }
    return reading
  }

  return {
    manifest,
    async bars(symbol) {
      const group = groupOf(symbol)
      if (group === undefined)
        throw new QuantloopError('not_found', `snapshot ${manifest.id} has no symbol ${symbol}`, { snapshot: manifest.id, symbol })
      const bars = (await (decoded.get(group) ?? decode(group))).get(symbol)
      if (bars === undefined)
        throw new QuantloopError('object_corrupt', `the chunks of snapshot ${manifest.id} that should hold ${symbol} do not`, {
          snapshot: manifest.id,
          symbol,
        })
      return bars
    },
    async barsSince(symbols, month) {
      const wanted = new Set(symbols)
      const chunks = manifest.chunks.filter(
        (chunk) => monthOf(chunk.lastSession) >= month && chunk.symbols.some((symbol) => wanted.has(symbol)),
      )
      if (month !== '') return await readKeptChunks(objects, chunks, month)
      // all of them are many, and seldom asked for
      return new Map([...(await readChunks(objects, chunks))].map(([symbol, own]) => [symbol, readByFeatures(own)]))
    },
    async chunk(chunk) {
      const whole = decoded.get(groupOf(chunk.symbols[0]!)!)
      if (whole === undefined) return await readChunks(objects, [chunk])
      const bars = await whole
      return new Map(chunk.symbols.map((symbol) => [symbol, within(bars.get(symbol)!, chunk)]))
    },
    actions: (symbol) => (actions ??= groupBy(manifest.actions, (action) => action.symbol)).get(symbol) ?? [],
  }
}

type Group = { chunks: Set<SnapshotChunk> }

/** Symbols that share a chunk, directly or through others, are one group. */
function groupsOf(manifest: SnapshotManifest): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const chunk of manifest.chunks) {
    const merged: Group = { chunks: new Set([chunk]) }
    const members = new Set(chunk.symbols)
    for (const symbol of chunk.symbols) for (const known of groups.get(symbol)?.chunks ?? []) merged.chunks.add(known)
    for (const known of merged.chunks) for (const symbol of known.symbols) members.add(symbol)
    for (const symbol of members) groups.set(symbol, merged)
  }
  return groups
}

const rowsOf = (chunks: ReadonlySet<SnapshotChunk>) => [...chunks].reduce((rows, chunk) => rows + chunk.rows, 0)
