/** Pearson's and Spearman's correlation of two equally long columns. Cost O(n), O(n log n). */
import { countBelow, countUpTo } from '../sorted-counts.ts'

/** NaN for fewer than two pairs, or when one column does not vary (as pandas' `corr`). */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length
  if (n < 2 || isConstant(x) || isConstant(y)) return Number.NaN
  const meanX = mean(x)
  const meanY = mean(y)
  let xx = 0
  let yy = 0
  let xy = 0
  for (let i = 0; i < n; i++) {
    const dx = x[i]! - meanX
    const dy = y[i]! - meanY
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

export const spearman = (x: ArrayLike<number>, y: ArrayLike<number>): number => pearson(ranks(x), ranks(y))

/** Ranks from 1 of numbers none of which is missing; ties get the mean of their ranks. */
export function ranks(values: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(values).sort()
  return Float64Array.from(values, (value) => (countBelow(sorted, value) + countUpTo(sorted, value) + 1) / 2)
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / values.length
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}
