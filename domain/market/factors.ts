/**
 * Factors that make raw bars comparable over time, computed forward from a symbol's first bar as Qlib does (its
 * collectors: adjusted price = raw price × factor), so that an append restates nothing.
 *
 * factor[0] = 1. On the first session at or after an ex-date:
 *   split      factor × ratio                                (ratio: new shares for one old)
 *   dividend   factor × previousClose / (previousClose − cash)
 * where previousClose is the last raw close before the ex-date; a row without a bar (NaN) has none. The volume's factor
 * counts splits alone: adjusted volume = raw volume / splitFactor. Actions at or before the first session change nothing.
 * Cost: linear.
 *
 * Of a series whose earlier rows are not at hand the factors go on from the last of those (`EarlierRow`).
 */
import { compareText, type CorporateAction } from './actions.ts'
import type { BarColumns } from './bars.ts'

/** A symbol's last row before those at hand: its session, the last raw close by then, and the factors. */
export type EarlierRow = { session: string; close: number; price: number; shares: number }

/**
 * Price factors, one a row, from splits and dividends; actions of other symbols are ignored.
 * @throws RangeError when a split has no positive ratio, or a dividend's cash is not below the previous close
 */
export function priceFactors(bars: BarColumns, actions: readonly CorporateAction[], earlier?: EarlierRow): Float64Array {
  return accumulate(bars, actions, earlier, earlier?.price ?? 1, (action, previousClose) => {
    switch (action.kind) {
      case 'split':
        return ratioOf(action)
      case 'dividend':
        return previousClose / (previousClose - cashOf(action, previousClose))
      case 'rename':
      case 'delisting':
        return 1
      default:
        return action.kind satisfies never
    }
  })
}

/** Share factors, one a row, from splits alone: raw volume is divided by them. */
export function splitFactors(bars: BarColumns, actions: readonly CorporateAction[], earlier?: EarlierRow): Float64Array {
  return accumulate(bars, actions, earlier, earlier?.shares ?? 1, (action) => (action.kind === 'split' ? ratioOf(action) : 1))
}

/** The bars with prices times their factor and volume over its own; the vendor's adjusted close stays as it is. */
export function adjustBars(bars: BarColumns, actions: readonly CorporateAction[], earlier?: EarlierRow): BarColumns {
  const factors = { price: priceFactors(bars, actions, earlier), shares: splitFactors(bars, actions, earlier) }
  const rows = { from: 0, to: bars.sessions.length }
  const adjusted = (name: AdjustedColumn) => {
    const column = new Float64Array(rows.to)
    writeAdjusted(name, bars, factors, rows, column, 0)
    return column
  }
  return {
    ...bars,
    open: adjusted('open'),
    high: adjusted('high'),
    low: adjusted('low'),
    close: adjusted('close'),
    ...(bars.vwap === undefined ? {} : { vwap: adjusted('vwap') }),
    volume: adjusted('volume'),
  }
}

export type AdjustedColumn = 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap'

/** One a row: prices are multiplied by `price`, and the volume is divided by `shares`. */
export type Factors = { price: Float64Array; shares: Float64Array }

/** Writes rows of an adjusted column from `at` on; of one that the bars have not, NaN. */
export function writeAdjusted(
  name: AdjustedColumn,
  bars: BarColumns,
  { price, shares }: Factors,
  { from, to }: { from: number; to: number },
  out: Float64Array,
  at: number,
): void {
  const column = bars[name]
  if (column === undefined) out.fill(Number.NaN, at, at + to - from)
  else if (name === 'volume') for (let row = from; row < to; row++) out[at + row - from] = column[row]! / shares[row]!
  else for (let row = from; row < to; row++) out[at + row - from] = column[row]! * price[row]!
}

function accumulate(
  bars: BarColumns,
  actions: readonly CorporateAction[],
  earlier: EarlierRow | undefined,
  first: number,
  step: (action: CorporateAction, previousClose: number) => number,
): Float64Array {
  const due = actions
    .filter(({ symbol, exDate }) => symbol === bars.symbol && (earlier === undefined || exDate > earlier.session))
    .sort((a, b) => compareText(a.exDate, b.exDate))
  const factors = new Float64Array(bars.sessions.length)
  let factor = first
  let next = 0
  let previousClose = earlier?.close
  for (let row = 0; row < factors.length; row++) {
    for (let action = due[next]; action !== undefined && action.exDate <= bars.sessions[row]!; action = due[++next])
      if (previousClose !== undefined) factor *= step(action, previousClose)
    factors[row] = factor
    if (!Number.isNaN(bars.close[row])) previousClose = bars.close[row]
  }
  return factors
}

function ratioOf(action: CorporateAction): number {
  if (action.ratio !== undefined && action.ratio > 0) return action.ratio
  throw new RangeError(`the split of ${action.symbol} on ${action.exDate} has no positive ratio`)
}

function cashOf(action: CorporateAction, previousClose: number): number {
  if (action.cash !== undefined && action.cash > 0 && action.cash < previousClose) return action.cash
  throw new RangeError(
    `the dividend of ${action.symbol} on ${action.exDate} (${action.cash ?? 'no cash'}) must be positive and below the previous close ${previousClose}`,
  )
}
