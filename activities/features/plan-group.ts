import { cutSlices, type Slice } from '#domain/features/slices.ts'
import { type GroupContents, sliceKeys } from '#domain/features/slice-keys.ts'
import type { SymbolGroup } from '#domain/features/symbol-groups.ts'
import { monthOf } from '#domain/market/month-contents.ts'
import type { SnapshotBars } from '../snapshots.ts'
import { contentsOf } from './group-contents.ts'

/** `last` are the symbols whose last row lies in the slice. */
export type PlannedSlice = { slice: Slice; key: string; last: ReadonlySet<string> }

/** `rows` counts those of each symbol. */
export type PlannedGroup = { symbols: string[]; rows: { symbol: string; rows: number }[]; contents: GroupContents; slices: PlannedSlice[] }

/** The slices of a group and what each is known by, as the snapshot's manifest tells; symbols of which no bar was known are left out. */
export function planGroup(snapshot: SnapshotBars, { group, symbols }: SymbolGroup): PlannedGroup {
  const wanted = new Set(symbols)
  const rows = snapshot.manifest.symbols.filter(({ symbol }) => wanted.has(symbol))
  const own = rows.map(({ symbol }) => symbol)
  const contents = contentsOf(snapshot, own)
  const slices = cutSlices([...contents.months.keys()], group)
  const keys = sliceKeys(slices, contents)
  return {
    symbols: own,
    rows,
    contents,
    slices: slices.map((slice, index) => {
      const months = new Set(slice.months)
      const last = rows.filter(({ lastSession }) => months.has(monthOf(lastSession))).map(({ symbol }) => symbol)
      return { slice, key: keys[index]!, last: new Set(last) }
    }),
  }
}
