/**
 * Kaufman's adaptive moving average as TA-Lib's TA_KAMA (1995): value ← value + c·(x − value), where √c runs from 2/31 to
 * 2/3 with the efficiency |x − x `period` rows ago| / Σ|changes| of the last `period` rows, which is 1 where nothing
 * moved. Seeded with the value before the first answer. NaN for the first `period` rows. float64. Input: finite values.
 * The sum of changes starts anew every blockRows rows. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

/** All that a later row needs of the earlier ones: `window` is the last `period` values, the oldest at rows modulo period, and zeros before there are as many. */
export type KamaState = { readonly period: number; rows: number; readonly window: number[]; sum: number; value: number }

export const kamaState = (period: number): KamaState => ({
  period,
  rows: 0,
  window: Array.from({ length: period }, () => 0),
  sum: 0,
  value: 0,
})

const slowest = 2 / 31
const fastest = 2 / 3

/** Writes the next rows and moves the state past them. */
export function advanceKama(state: KamaState, values: Float64Array, out: Float64Array): void {
  for (let row = 0; row < out.length; row++) out[row] = next(state, values[row]!)
}

function next(state: KamaState, value: number): number {
  const { period, rows, window } = state
  const previous = rows === 0 ? value : window[(rows - 1) % period]!
  const oldest = window[rows % period]!
  state.rows++
  state.sum += Math.abs(value - previous)
  if (rows < period) {
    window[rows] = value
    return NaN
  }
  if (rows === period) state.value = previous
  const change = value - oldest
  // TA-Lib leaves the sign on in this comparison
  const efficiency = state.sum <= change || state.sum === 0 ? 1 : Math.abs(change / state.sum)
  const share = efficiency * (fastest - slowest) + slowest
  state.value += share * share * (value - state.value)
  window[rows % period] = value
  const second = window[(rows + 1) % period]!
  state.sum = (rows + 1) % blockRows(period) === 0 ? changesOf(state) : state.sum - Math.abs(second - oldest)
  return state.value
}

/** Changes within the window, the oldest first. */
function changesOf({ period, rows, window }: KamaState): number {
  let sum = 0
  for (let at = 1; at < period; at++) sum += Math.abs(window[(rows + at) % period]! - window[(rows + at - 1) % period]!)
  return sum
}
