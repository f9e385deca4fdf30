/**
 * One session's values across symbols, after Qlib's processors of that name (qlib/data/dataset/processor.py) and pandas.
 * Missing values (NaN) are left out of every statistic. Sums go in the order that is given, so that equal input gives
 * equal bits. Cost: O(n), with medians and ranks O(n log n).
 */
import { countBelow, countUpTo } from '../../sorted-counts.ts'

/** Mean rank among the values, equals sharing theirs, over their count: pandas' `rank(pct=True)`. Infinities have ranks. */
export function percentileRank(values: Float64Array): Float64Array {
  const sorted = known(values).sort()
  const count = sorted.length
  return mapped(values, (value) => (value === value ? (countBelow(sorted, value) + countUpTo(sorted, value) + 1) / 2 / count : value))
}

/** (x − mean) / deviation with ddof 1. NaN where fewer than two values, or equal ones, have none; an infinity makes all NaN. */
export function zScore(values: Float64Array): Float64Array {
  const some = known(values)
  const mean = meanOf(some)
  let squares = 0
  for (let at = 0; at < some.length; at++) squares += (some[at]! - mean) ** 2
  const deviation = Math.sqrt(squares / (some.length - 1))
  return mapped(values, (value) => (value - mean) / deviation)
}

/**
 * (x − median) / median distance from it / 1.4826, clipped to ±3. Where that distance is 0, the median itself is NaN and
 * the others are ±3.
 */
export function robustZScore(values: Float64Array): Float64Array {
  const center = sortedMedian(known(values).sort())
  const distance = sortedMedian(known(mapped(values, (value) => Math.abs(value - center))).sort())
  // both keep a NaN
  return mapped(values, (value) => Math.max(-3, Math.min(3, (value - center) / distance / 1.4826)))
}

/** What is missing becomes the mean of the others. */
export function fillMissing(values: Float64Array): Float64Array {
  const mean = meanOf(known(values))
  return mapped(values, (value) => (value === value ? value : mean))
}

/** What is infinite becomes the mean of the finite ones; NaN where there are none. */
export function replaceInfinite(values: Float64Array): Float64Array {
  const mean = meanOf(values.filter(Number.isFinite))
  return mapped(values, (value) => (Math.abs(value) === Infinity ? mean : value))
}

function mapped(values: Float64Array, of: (value: number) => number): Float64Array {
  const out = new Float64Array(values.length)
  for (let at = 0; at < values.length; at++) out[at] = of(values[at]!)
  return out
}

/** Those that are not NaN, in memory of their own. */
function known(values: Float64Array): Float64Array {
  const out = new Float64Array(values.length)
  let count = 0
  for (let at = 0; at < values.length; at++) if (values[at] === values[at]) out[count++] = values[at]!
  return out.subarray(0, count)
}

/** NaN of none. */
function meanOf(values: Float64Array): number {
  let sum = 0
  for (let at = 0; at < values.length; at++) sum += values[at]!
  return sum / values.length
}

/** Linear between the middle two; NaN of none. */
function sortedMedian(sorted: Float64Array): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
