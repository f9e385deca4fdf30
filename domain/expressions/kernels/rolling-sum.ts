/**
 * Rolling sum, mean and count as `pandas.Series.rolling(window, min_periods=1)` on float64: values that are not finite
 * are skipped, a window without any is NaN (its count 0).
 *
 * The rows are cut into blocks as long as the window. Each window is then the end of one block and the start of the
 * next, so a sum is two partial sums added: nothing is ever subtracted, no error builds up however long the series, and
 * a computation begun at any multiple of the window gives the same bits from one block on. Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'

export function rollingSum(values: Column, window: number): Float64Array {
  const { sums, counts } = windowSums(values, window)
  for (let row = 0; row < sums.length; row++) if (counts[row] === 0) sums[row] = NaN
  return sums
}

export function rollingMean(values: Column, window: number): Float64Array {
  const { sums, counts } = windowSums(values, window)
  for (let row = 0; row < sums.length; row++) sums[row] = sums[row]! / counts[row]!
  return sums
}

/** Counts what is not NaN; an infinity counts, as in pandas. */
export function rollingCount(values: Column, window: number): Float64Array {
  const out = new Float64Array(values.length)
  let count = 0
  for (let row = 0; row < out.length; row++) {
    if (!Number.isNaN(values[row]!)) count++
    if (row >= window && !Number.isNaN(values[row - window]!)) count--
    out[row] = count
  }
  return out
}

function windowSums(values: Column, window: number): { sums: Float64Array; counts: Int32Array } {
  const sums = new Float64Array(values.length)
  const counts = new Int32Array(values.length)
  // tail[k]: of the last k rows of the block before
  const tail = new Float64Array(window + 1)
  const tailCount = new Int32Array(window + 1)
  for (let start = 0; start < values.length; start += window) {
    const end = Math.min(start + window, values.length)
    let sum = 0
    let count = 0
    for (let row = start; row < end; row++) {
      const value = values[row]!
      if (value - value === 0) {
        sum += value
        count++
      }
      const carried = window - 1 - (row - start)
      sums[row] = sum + tail[carried]!
      counts[row] = count + tailCount[carried]!
    }
    for (let taken = 1; taken <= end - start; taken++) {
      const value = values[end - taken]!
      const finite = value - value === 0
      tail[taken] = tail[taken - 1]! + (finite ? value : 0)
      tailCount[taken] = tailCount[taken - 1]! + (finite ? 1 : 0)
    }
  }
  return { sums, counts }
}
