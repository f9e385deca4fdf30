import { tableFromIPC } from 'apache-arrow'
import { QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest, type FeatureShard } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { groupBy } from '#domain/group-by.ts'
import { compareText } from '#domain/market/actions.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { endOf, readColumns } from './shard-file.ts'
import { readJson } from '../training/read-json.ts'
import { keepNewest } from '#domain/keep-newest.ts'
import { concatenateFloats, concatenateIntegers } from '#domain/concatenate.ts'

/** The rows of one symbol in a build: days since 1970-01-01, ascending, and float32 columns beside them. */
export type SymbolSlice = { symbol: string; days: Int32Array; column(name: string): Float32Array }

export type DecodedBuild = { manifest: FeatureBuildManifest; slices: SymbolSlice[] }

/** A build is its bytes: those that were read last are kept, whichever endpoint asks. */
const kept = keepNewest<DecodedBuild>(4)

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export const openBuild = (objects: ObjectStore, ref: ObjectRef): Promise<DecodedBuild> =>
  kept(ref.sha256, async () => {
    const manifest = await readJson(objects, ref, FeatureBuildManifest, 'feature build')
    const shards = await Promise.all(manifest.shards.map(async (shard) => slicesOf(shard, manifest, await objects.get(shard.object))))
    return { manifest, slices: joinSlices(shards.flat()) }
  })

/** The rows of a build, those of some symbols at a time: for work that needs no more of them in memory. */
export async function* slicesBySymbols(objects: Pick<ObjectStore, 'get'>, manifest: FeatureBuildManifest): AsyncGenerator<SymbolSlice[]> {
  for (const shards of sharingSymbols(manifest.shards)) {
    const slices = await Promise.all(shards.map(async (shard) => slicesOf(shard, manifest, await objects.get(shard.object))))
    yield joinSlices(slices.flat())
  }
}

/** Shards together that have a symbol in common, directly or by way of another; in each the order of time. */
function sharingSymbols(shards: readonly FeatureShard[]): FeatureShard[][] {
  const bySymbol = new Map<string, FeatureShard[]>()
  for (const shard of shards) {
    const earlier = new Set(shard.symbols.map((symbol) => bySymbol.get(symbol) ?? []))
    const together = [...[...earlier].flat(), shard]
    for (const each of together) for (const symbol of each.symbols) bySymbol.set(symbol, together)
  }
  return [...new Set(bySymbol.values())]
}

/** The row of a session, or -1. */
export function rowOf({ days }: SymbolSlice, session: string): number {
  const row = firstRowFrom(days, session)
  return days[row] === dayOf(session) ? row : -1
}

/** Where the rows of a build stand among those that its symbol has on the calendar, which also hold what no member has. */
export function placesOf({ days }: Pick<SymbolSlice, 'days'>, sessions: readonly string[]): Int32Array {
  const places = new Int32Array(days.length)
  let place = 0
  for (const [row, day] of days.entries()) {
    while (dayOf(sessions[place]!) !== day) place++
    places[row] = place++
  }
  return places
}

/** The first row at or after a session; as many as there are rows when none is. */
export function firstRowFrom(days: Int32Array, session: string): number {
  const day = dayOf(session)!
  let [low, high] = [0, days.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (days[middle]! < day) low = middle + 1
    else high = middle
  }
  return low
}

/** Position of the last session of a calendar (ascending) that is not after `session`; -1 when all are. */
export const lastUpTo = (sessions: readonly string[], session: string): number => sessions.findLastIndex((each) => each <= session)

export const labelsOf = (slice: SymbolSlice): { symbol: string; session: string; value: number }[] => {
  const values = slice.column('label')
  const labels: { symbol: string; session: string; value: number }[] = []
  slice.days.forEach((day, row) => {
    if (Number.isFinite(values[row])) labels.push({ symbol: slice.symbol, session: sessionOf(day), value: values[row]! })
  })
  return labels
}

function slicesOf(shard: FeatureShard, manifest: FeatureBuildManifest, bytes: Uint8Array): SymbolSlice[] {
  const columns = readColumns(bytes, [...manifest.columns.map(({ name }) => name), 'label', 'persistence'])
  const table = tableFromIPC(bytes)
  const symbols = table.getChild('symbol')
  const data = table.getChild('session')?.data ?? []
  // the vector's own values are milliseconds
  const [days] = data.map(({ values, length }) => (values as Int32Array).subarray(0, length))
  if (symbols === null || days === undefined || data.length !== 1 || days.length !== shard.rows)
    throw new QuantloopError(
      'object_corrupt',
      `the shard ${shard.object.uri} is no single batch of ${shard.rows} rows with symbol and session`,
      {
        object: shard.object.uri,
      },
    )
  const slices: SymbolSlice[] = []
  for (let from = 0; from < days.length;) {
    const symbol = String(symbols.get(from))
    const to = endOf(from, days.length, (row) => symbols.get(row) === symbol)
    const start = from
    slices.push({ symbol, days: days.subarray(start, to), column: (name) => columnOf(columns, name).subarray(start, to) })
    from = to
  }
  return slices
}

/** One slice a symbol, ascending. A symbol's shards come in the order of time; columns are joined when they are asked for. */
function joinSlices(parts: readonly SymbolSlice[]): SymbolSlice[] {
  const bySymbol = [...groupBy(parts, ({ symbol }) => symbol)].sort(([a], [b]) => compareText(a, b))
  return bySymbol.map(([symbol, own]) => {
    const columns = new Map<string, Float32Array>()
    return {
      symbol,
      days: concatenateIntegers(own.map(({ days }) => days)),
      column(name) {
        const column = columns.get(name) ?? concatenateFloats(own.map((part) => part.column(name)))
        columns.set(name, column)
        return column
      },
    }
  })
}

function columnOf(columns: ReadonlyMap<string, Float32Array>, name: string): Float32Array {
  const column = columns.get(name)
  if (column === undefined) throw new QuantloopError('incompatible_version', `the build holds no column ${name}`, { column: name })
  return column
}

/** Position of the last session up to `position` for which any symbol has a label; -1 when none has. */
export function labelledUpTo({ manifest, slices }: DecodedBuild, position: number): number {
  for (let at = position; at >= 0; at--) {
    const session = manifest.sessions[at]!
    for (const slice of slices) {
      const row = rowOf(slice, session)
      if (row !== -1 && Number.isFinite(slice.column('label')[row])) return at
    }
  }
  return -1
}
