/**
 * Simple moving average as TA-Lib's TA_SMA: NaN for the first period − 1 rows. float64. Input: finite values. Sums
 * start anew in each block of anchored-rows.ts. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

/** Writes the averages of `values` into `out`, which is as long and not the same memory. */
export function writeSma(values: Float64Array, period: number, out: Float64Array): void {
  const rows = values.length
  const block = blockRows(period)
  out.fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = period - 1; start < rows; start += block) {
    let sum = 0
    for (let row = start - period + 1; row < start; row++) sum += values[row]!
    const end = Math.min(start + block, rows)
    let leaving = 0
    for (let row = start; row < end; row++) {
      sum += values[row]! - leaving
      out[row] = sum / period
      leaving = values[row - period + 1]!
    }
  }
}

export function sma(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  writeSma(values, period, out)
  return out
}
