import type { ShardColumn } from '#domain/features/definitions.ts'
import { countNonFinite, type NonFinite } from '#domain/features/non-finite.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import type { SliceStates } from '#domain/features/slice-states.ts'
import type { Ahead } from '#domain/features/slice-keys.ts'
import { compareText } from '#domain/market/actions.ts'
import type { ComputedSlice } from './growing-slice.ts'
import type { HeldColumns } from './held-shards.ts'
import { featuresOf, type NewestRow, newestOf } from './newest-rows.ts'
import type { PlannedSlice } from './plan-group.ts'
import type { NamedColumn, SymbolRows } from './shard-file.ts'

/** A shard that is not stored yet. `keys` are what it is found under: where it reads other symbols, also what its own bars name. */
export type NewShard = {
  keys: string[]
  place: string | null
  rows: SymbolRows[]
  named: NamedColumn[]
  sessions: string[]
  newest: NewestRow[]
  last: ReadonlySet<string>
  ahead: Ahead
  ends: SeriesEnds
  states: SliceStates
  nonFinite: NonFinite
  asked: number
  cached: number
  /** is stored for what is cut from it, and no part of the build */
  passing?: true
}

/** What a slice's shard is made of: columns that other shards hold, and those that were computed; `counted` are told of by text. */
export type SliceParts = {
  held: HeldColumns
  computed: ComputedSlice | undefined
  ends: SeriesEnds
  ahead: (symbols: readonly string[]) => Ahead
  keys: string[]
  place: string | null
  counted: ReadonlySet<string>
}

/** Puts together what was held and what was computed; nothing when the group has no row in the slice. */
export function assembleShard(
  { last }: PlannedSlice,
  columns: readonly ShardColumn[],
  { held, computed, ends, ahead, keys, place, counted }: SliceParts,
): NewShard[] {
  const rows = computed?.rows ?? held.rows
  if (rows.length === 0) return []
  const named = columns.map(({ name, text }) => ({ name, values: held.columns.get(text) ?? computed!.columns.get(text)! }))
  return [
    {
      keys,
      place,
      rows,
      named,
      sessions: [...new Set(rows.flatMap(({ sessions }) => sessions))].sort(compareText),
      newest: newestOf(rows, featuresOf(named.map((column) => column.values)), last),
      last,
      ahead: held.ahead ?? ahead(rows.map(({ symbol }) => symbol)),
      ends,
      states: computed?.states ?? new Map(),
      nonFinite: countNonFinite(
        rows.map(({ symbol, sessions }) => ({ symbol, sessions, earlier: (ends[symbol]?.rows ?? sessions.length) - sessions.length })),
        named.slice(0, -2).map((column, index) => ({ ...column, lookback: columns[index]!.lookback })),
      ),
      asked: counted.size,
      cached: [...counted].filter((text) => held.columns.has(text)).length,
    },
  ]
}
