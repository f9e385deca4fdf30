import type { CorporateAction } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'
import { type EarlierRow, priceFactors, splitFactors } from '../market/factors.ts'
import { countBars } from './calendar-grid.ts'
import { rowsOf, type Slice } from './slices.ts'

/** A symbol's last row up to the end of a slice, how many rows it is the last of, and how many of those have a bar. */
export type SeriesEnd = EarlierRow & { rows: number; bars: number }

/** By symbol. */
export type SeriesEnds = Record<string, SeriesEnd>

/** How each slice ends for one symbol, whose bars go on from `earlier`; nothing for a slice that ends before its first bar. */
export function endsOf(
  slices: readonly Slice[],
  bars: BarColumns,
  actions: readonly CorporateAction[],
  earlier: SeriesEnd | undefined,
): (SeriesEnd | undefined)[] {
  const price = priceFactors(bars, actions, earlier)
  const shares = splitFactors(bars, actions, earlier)
  return slices.map((slice) => {
    const { to } = rowsOf(slice, bars.sessions)
    if (to === 0) return earlier
    return {
      session: bars.sessions[to - 1]!,
      close: lastClose(bars.close, to) ?? earlier!.close,
      price: price[to - 1]!,
      shares: shares[to - 1]!,
      rows: (earlier?.rows ?? 0) + to,
      bars: (earlier?.bars ?? 0) + countBars(bars, to),
    }
  })
}

/** Rows that have no bar have no close; the first row of all has one. */
function lastClose(closes: Float64Array, to: number): number | undefined {
  for (let row = to - 1; row >= 0; row--) if (!Number.isNaN(closes[row])) return closes[row]
  return undefined
}
