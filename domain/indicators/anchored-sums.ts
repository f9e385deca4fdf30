/** Sums of the last `period` values, NaN before there are so many; each block of anchored-rows.ts begins anew. O(1) a row. */
import { blockRows } from './anchored-rows.ts'

export function anchoredSums(values: Float64Array, period: number): Float64Array {
  const rows = values.length
  const out = new Float64Array(rows).fill(NaN, 0, Math.min(period - 1, rows))
  const block = blockRows(period)
  for (let start = period - 1; start < rows; start += block) {
    let sum = 0
    for (let row = start - period + 1; row < start; row++) sum += values[row]!
    for (let row = start; row < Math.min(start + block, rows); row++) {
      sum += values[row]!
      out[row] = sum
      sum -= values[row - period + 1]!
    }
  }
  return out
}
