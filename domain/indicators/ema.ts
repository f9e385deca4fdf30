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
  state.rows = rows + values.length - row
  state.value = smooth(values, row, value, smoothing(period), out)
}

function smooth(values: Float64Array, from: number, seed: number, k: number, out: Float64Array): number {
  const rows = values.length
  const inFours = rows - ((rows - from) % 4)
  let value = smoothByFours(values, from, inFours, seed, k, out)
  for (let row = inFours; row < rows; row++) {
    value = value * (1 - k) + values[row]! * k
    out[row] = value
  }
  return value
}

/** Four rows a turn, and nothing else in the function: see docs/decisions/0030-kernels-by-fours.md. */
function smoothByFours(values: Float64Array, from: number, to: number, seed: number, k: number, out: Float64Array): number {
  const keep = 1 - k
  let value = seed
  for (let row = from; row < to; row += 4) {
    const first = value * keep + values[row]! * k
    out[row] = first
    const second = first * keep + values[row + 1]! * k
    out[row + 1] = second
    const third = second * keep + values[row + 2]! * k
    out[row + 2] = third
    value = third * keep + values[row + 3]! * k
    out[row + 3] = value
  }
  return value
}

export function ema(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  advanceEma(emaState(period), values, out)
  return out
}
