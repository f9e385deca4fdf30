/**
 * Population variance over `period` values, as TA-Lib's TA_VAR; its root times a factor is TA_STDDEV. NaN for the first
 * period − 1 rows. float64. Input: finite values. Sums are of distances from the block's first value and start anew in
 * each block of anchored-rows.ts. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

export function variance(values: Float64Array, period: number): Float64Array {
  const rows = values.length
  const block = blockRows(period)
  const out = new Float64Array(rows).fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = period - 1; start < rows; start += block) {
    const origin = values[start]!
    let sum = 0
    let squares = 0
    let last = NaN
    let equal = 0
    for (let row = start - period + 1; row < Math.min(start + block, rows); row++) {
      const distance = values[row]! - origin
      sum += distance
      squares += distance * distance
      equal = values[row] === last ? equal + 1 : 1
      last = values[row]!
      if (row < start) continue
      const mean = sum / period
      out[row] = equal >= period ? 0 : Math.max(0, squares / period - mean * mean)
      const leaving = values[row - period + 1]! - origin
      sum -= leaving
      squares -= leaving * leaving
    }
  }
  return out
}

export const deviation = (values: Float64Array, period: number): Float64Array => variance(values, period).map(Math.sqrt)
