/**
 * Exponential moving average as TA-Lib's TA_EMA (default compatibility): seeded with the mean of the first `period`
 * values, then value ← value·(1 − k) + x·k with k = 2/(period + 1). NaN for the first period − 1 rows. float64. Input:
 * finite values. Cost: O(1) a row.
 */

/** All that a later row needs of the earlier ones: a series cut anywhere gives the same bits. */
export type EmaState = { readonly period: number; rows: number; value: number }

export const emaState = (period: number): EmaState => ({ period, rows: 0, value: 0 })

export const smoothing = (period: number) => 2 / (period + 1)

/** Writes the next rows and moves the state past them. `out` may be `values`. */
export function advanceEma(state: EmaState, values: Float64Array, out: Float64Array): void {
  const { period } = state
  let { value, rows } = state
  let row = 0
  // until the seed is complete, value is the sum so far
  for (; row < values.length && rows < period; row++) {
    value += values[row]!
    rows++
    if (rows === period) value /= period
    out[row] = rows === period ? value : NaN
  }
  const k = smoothing(period)
  const keep = 1 - k
  rows += values.length - row
  for (; row < values.length; row++) {
    value = value * keep + values[row]! * k
    out[row] = value
  }
  state.value = value
  state.rows = rows
}

export function ema(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  advanceEma(emaState(period), values, out)
  return out
}
