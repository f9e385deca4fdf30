import type { CorporateAction } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'
import { type EarlierRow, priceFactors, splitFactors } from '../market/factors.ts'
import { rowsOf, type Slice } from './slices.ts'

/** A symbol's last row up to the end of a slice, and how many rows it is the last of. */
export type SeriesEnd = EarlierRow & { rows: number }

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
    const row = to - 1
    return {
      session: bars.sessions[row]!,
      close: bars.close[row]!,
      price: price[row]!,
      shares: shares[row]!,
      rows: (earlier?.rows ?? 0) + to,
    }
  })
}
