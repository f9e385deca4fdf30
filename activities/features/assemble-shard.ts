import type { FeatureShard } from '#contracts/features.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { countNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import type { Ahead } from '#domain/features/slice-keys.ts'
import { compareText } from '#domain/market/actions.ts'
import { sessionsOf } from '#domain/market/session-bits.ts'
import type { ComputedSlice } from './compute-slices.ts'
import type { HeldColumns, WholeShard } from './held-shards.ts'
import type { PlannedSlice } from './plan-group.ts'
import { type NamedColumn, readColumns, readRows, type SymbolRows } from './shard-file.ts'
import { concatenateFloats } from '#domain/concatenate.ts'

/** The last row of a symbol in the whole build: `values` are float32, little-endian, in base64. */
export type NewestRow = { symbol: string; session: string; values: string }

/** A shard that is not stored yet. */
export type NewShard = {
  key: string
  rows: SymbolRows[]
  named: NamedColumn[]
  sessions: string[]
  newest: NewestRow[]
  ahead: Ahead
  ends: SeriesEnds
  nonFinite: NonFinite
  asked: number
  cached: number
}

/** What a slice's shard is made of: columns that other shards hold, and those that were computed. */
export type SliceParts = {
  held: HeldColumns
  computed: ComputedSlice | undefined
  ends: SeriesEnds
  ahead: (symbols: readonly string[]) => Ahead
}

/** Puts together what was held and what was computed; nothing when the group has no row in the slice. */
export function assembleShard(
  { key, last }: PlannedSlice,
  columns: readonly ShardColumn[],
  { held, computed, ends, ahead }: SliceParts,
): NewShard[] {
  const rows = computed?.rows ?? held.rows
  if (rows.length === 0) return []
  const values = new Map(columns.map(({ text }) => [text, held.columns.get(text) ?? concatenateFloats(computed?.parts.get(text) ?? [])]))
  const named = columns.map(({ name, text }) => ({ name, values: values.get(text)! }))
  return [
    {
      key,
      rows,
      named,
      sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText),
      newest: newestOf(rows, featuresOf(columns, named), last),
      ahead: held.ahead ?? ahead(rows.map(({ symbol }) => symbol)),
      ends,
      nonFinite: countNonFinite(
        rows.map(({ symbol, sessions }) => ({ symbol, sessions, earlier: (ends[symbol]?.rows ?? sessions.length) - sessions.length })),
        named.slice(0, columns.length - 2).map((column, index) => ({ ...column, lookback: columns[index]!.lookback })),
      ),
      asked: values.size,
      cached: [...values.keys()].filter((text) => held.columns.has(text)).length,
    },
  ]
}

/** What the end of a build needs to know of a shard that is there already. */
export function readWhole(
  { shard: { shard, sessions, nonFinite }, bytes }: WholeShard,
  last: ReadonlySet<string>,
  columns: readonly ShardColumn[],
) {
  const read = (): NewestRow[] => {
    if (bytes === undefined) return []
    const names = columns.map(({ name }) => name)
    const found = readColumns(bytes, names)
    const named = names.map((name) => ({ name, values: found.get(name)! }))
    return newestOf(readRows(bytes), featuresOf(columns, named), last)
  }
  return { shard: shard satisfies FeatureShard, sessions: sessionsOf(shard.firstSession, sessions), newest: read(), nonFinite }
}

/** The label and its persistence are no features, and stand last. */
const featuresOf = (columns: readonly ShardColumn[], named: readonly NamedColumn[]) =>
  named.slice(0, columns.length - 2).map(({ values }) => values)

function newestOf(rows: readonly SymbolRows[], features: readonly Float32Array[], last: ReadonlySet<string>): NewestRow[] {
  let end = 0
  return rows.flatMap(({ symbol, sessions }) => {
    end += sessions.length
    if (!last.has(symbol)) return []
    return [{ symbol, session: sessions.at(-1)!, values: Buffer.from(featureRowAt(features, end - 1)).toString('base64') }]
  })
}
