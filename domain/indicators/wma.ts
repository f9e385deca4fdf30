/**
 * Weighted moving average as TA-Lib's TA_WMA: weights 1 to `period`, the newest heaviest, over their sum. NaN for the
 * first period − 1 rows. float64. Input: finite values. Sums are of distances from the block's first value and start anew
 * in each block of anchored-rows.ts. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

export function wma(values: Float64Array, period: number): Float64Array {
  const rows = values.length
  const block = blockRows(period)
  const weights = (period * (period + 1)) / 2
  const out = new Float64Array(rows).fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = period - 1; start < rows; start += block) {
    const origin = values[start]!
    let sum = 0
    let weighted = 0
    for (let at = 1; at < period; at++) {
      const distance = values[start - period + at]! - origin
      sum += distance
      weighted += at * distance
    }
    for (let row = start; row < Math.min(start + block, rows); row++) {
      const distance = values[row]! - origin
      weighted += period * distance
      out[row] = origin + weighted / weights
      // a row later every weight is one less
      sum += distance
      weighted -= sum
      sum -= values[row - period + 1]! - origin
    }
  }
  return out
}
