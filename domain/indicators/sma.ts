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
    const end = Math.min(start + block, rows)
    const inFours = end - ((end - start) % 4)
    let sum = writeByFours(values, period, start, inFours, out)
    for (let row = inFours; row < end; row++) {
      sum += values[row]! - (row === start ? 0 : values[row - period]!)
      out[row] = sum / period
    }
  }
}

/** Four rows a turn, and nothing else in the function: see docs/decisions/0030-kernels-by-fours.md. Answers the last sum. */
function writeByFours(values: Float64Array, period: number, start: number, end: number, out: Float64Array): number {
  let sum = 0
  for (let row = start - period + 1; row < start; row++) sum += values[row]!
  // nothing leaves before the first row
  let leaving = 0
  for (let row = start, oldest = start - period + 1; row < end; row += 4, oldest += 4) {
    const first = sum + (values[row]! - leaving)
    out[row] = first / period
    const second = first + (values[row + 1]! - values[oldest]!)
    out[row + 1] = second / period
    const third = second + (values[row + 2]! - values[oldest + 1]!)
    out[row + 2] = third / period
    sum = third + (values[row + 3]! - values[oldest + 2]!)
    out[row + 3] = sum / period
    leaving = values[oldest + 3]!
  }
  return sum
}

export function sma(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  writeSma(values, period, out)
  return out
}
