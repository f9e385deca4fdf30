/**
 * Average true range as TA-Lib's TA_ATR (Wilder 1978): the mean of the first `period` true ranges, then smoothed by
 * (mean·(period − 1) + range)/period. TA_NATR is its percentage of the close, 0 where that is 0. NaN for the first
 * `period` rows. float64. Input: finite values. Cost: O(1) a row.
 */
import { rangeOf } from './true-range.ts'

/** All that a later row needs of the earlier ones: a series cut anywhere gives the same bits. */
export type AtrState = { readonly period: number; rows: number; previousClose: number; value: number }

export const atrState = (period: number): AtrState => ({ period, rows: 0, previousClose: 0, value: 0 })

/** Writes the next rows and moves the state past them. */
export function advanceAtr(state: AtrState, high: Float64Array, low: Float64Array, close: Float64Array, out: Float64Array): void {
  const { period } = state
  let { rows, previousClose, value } = state
  for (let row = 0; row < out.length; row++, rows++) {
    const range = rows === 0 ? 0 : rangeOf(high[row]!, low[row]!, previousClose)
    // until the seed is complete, value is the sum so far
    if (rows < period) value += range
    else if (rows === period) value = (value + range) / period
    else value = (value * (period - 1) + range) / period
    out[row] = rows < period ? NaN : value
    previousClose = close[row]!
  }
  Object.assign(state, { rows, previousClose, value })
}

export function advanceNormalizedAtr(state: AtrState, high: Float64Array, low: Float64Array, close: Float64Array, out: Float64Array): void {
  advanceAtr(state, high, low, close, out)
  for (let row = 0; row < out.length; row++) out[row] = close[row] === 0 ? 0 : 100 * (out[row]! / close[row]!)
}

export function atr(high: Float64Array, low: Float64Array, close: Float64Array, period: number): Float64Array {
  const out = new Float64Array(high.length)
  advanceAtr(atrState(period), high, low, close, out)
  return out
}
