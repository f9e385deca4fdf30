/**
 * Bars as rows of doubles, for files that are read in ranges of rows: day since 1970-01-01, open, high, low, close, volume,
 * volume-weighted average and the vendor's adjusted close (NaN where there is none), instant of `knownAt` in milliseconds.
 * Every value is exact: days and milliseconds are integers below 2^53. 72 bytes a bar. Cost: linear.
 */
import { type BarColumns, columnIfAny } from './bars.ts'
import { dayOf, instantOf, instantText, sessionOf, textsOf } from './session-days.ts'

export const numbersPerBar = 9

const prices = ['open', 'high', 'low', 'close', 'volume'] as const
const [vwapAt, adjustedCloseAt, knownAtAt] = [6, 7, 8]

/** Writes the bars behind one another from number `at` of `records` on. */
export function writeBarRecords(bars: BarColumns, records: Float64Array, at: number): void {
  for (let row = 0, to = at; row < bars.sessions.length; row++, to += numbersPerBar) {
    const day = dayOf(bars.sessions[row]!)!
    records[to] = day
    for (let field = 0; field < prices.length; field++) records[to + 1 + field] = bars[prices[field]!][row]!
    records[to + vwapAt] = bars.vwap === undefined ? Number.NaN : bars.vwap[row]!
    records[to + adjustedCloseAt] = bars.adjustedClose === undefined ? Number.NaN : bars.adjustedClose[row]!
    records[to + knownAtAt] = instantOf(bars.knownAt[row]!, day)
  }
}

/** The bars of one symbol out of their records. */
export function readBarRecords(symbol: string, records: Float64Array): BarColumns {
  const rows = records.length / numbersPerBar
  const column = (at: number) => {
    const values = new Float64Array(rows)
    for (let row = 0; row < rows; row++) values[row] = records[row * numbersPerBar + at]!
    return values
  }
  const [open, high, low, close, volume] = prices.map((_, field) => column(1 + field)) as [Float64Array, ...Float64Array[]]
  return {
    symbol,
    sessions: textsOf(column(0), sessionOf),
    open,
    high: high!,
    low: low!,
    close: close!,
    volume: volume!,
    vwap: columnIfAny(column(vwapAt)),
    adjustedClose: columnIfAny(column(adjustedCloseAt)),
    knownAt: textsOf(column(knownAtAt), instantText),
  }
}
