import { cutSlices, type Slice } from '#domain/features/slices.ts'
import { type GroupContents, sliceKeys } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { contentsOf } from './group-contents.ts'

/** `last` are the symbols whose last row lies in the slice. */
export type PlannedSlice = { slice: Slice; key: string; last: ReadonlySet<string> }

/** `bars` counts those of each symbol; rows are the sessions of `calendar`. */
export type PlannedGroup = {
  symbols: string[]
  bars: { symbol: string; rows: number }[]
  calendar: readonly string[]
  contents: GroupContents
  slices: PlannedSlice[]
}

/** The slices of a group and what each is known by, as the snapshot's manifest tells; symbols of which no bar was known are left out. */
export function planGroup(snapshot: SnapshotBars, { group, symbols }: SymbolGroup, calendar: readonly string[]): PlannedGroup {
  const wanted = new Set(symbols)
  const bars = snapshot.manifest.symbols.filter(({ symbol }) => wanted.has(symbol))
  const own = bars.map(({ symbol }) => symbol)
  const contents = contentsOf(snapshot, own, calendar)
  const slices = slicesOf(contents, group)
  const keys = sliceKeys(slices, contents)
  return {
    symbols: own,
    bars,
    calendar,
    contents,
    slices: slices.map((slice, index) => {
      const months = new Set(slice.months)
      const last = bars.filter(({ lastSession }) => months.has(monthOf(lastSession))).map(({ symbol }) => symbol)
      return { slice, key: keys[index]!, last: new Set(last) }
    }),
  }
}

const slicesOf = ({ months }: GroupContents, group: number) => cutSlices([...months.keys()], group)

/** How many shards a group has at most: one for each slice. */
export const countShards = (snapshot: SnapshotBars, { group, symbols }: SymbolGroup, calendar: readonly string[]): number =>
  slicesOf(contentsOf(snapshot, symbols, calendar), group).length
