/**
 * One session's values across symbols, after Qlib's processors of that name (qlib/data/dataset/processor.py) and pandas.
 * Missing values (NaN) are left out of every statistic. Sums go in the order that is given, so that equal input gives
 * equal bits. Cost: O(n), with medians and ranks O(n log n).
 */
import { countBelow, countUpTo } from '../../sorted-counts.ts'

/** Mean rank among the values, equals sharing theirs, over their count: pandas' `rank(pct=True)`. Infinities have ranks. */
export function percentileRank(values: Float64Array): Float64Array {
  const sorted = known(values).sort()
  return values.map((value) =>
    Number.isNaN(value) ? Number.NaN : (countBelow(sorted, value) + countUpTo(sorted, value) + 1) / 2 / sorted.length,
  )
}

/** (x − mean) / deviation with ddof 1. NaN where fewer than two values, or equal ones, have none; an infinity makes all NaN. */
export function zScore(values: Float64Array): Float64Array {
  const some = known(values)
  const mean = meanOf(some)
  const squares = some.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = Math.sqrt(squares / (some.length - 1))
  return values.map((value) => (value - mean) / deviation)
}

/**
 * (x − median) / median distance from it / 1.4826, clipped to ±3. Where that distance is 0, the median itself is NaN and
 * the others are ±3.
 */
export function robustZScore(values: Float64Array): Float64Array {
  const center = medianOf(known(values))
  const distance = medianOf(known(values.map((value) => Math.abs(value - center))))
  // both keep a NaN
  return values.map((value) => Math.max(-3, Math.min(3, (value - center) / distance / 1.4826)))
}

/** What is missing becomes the mean of the others. */
export function fillMissing(values: Float64Array): Float64Array {
  const mean = meanOf(known(values))
  return values.map((value) => (Number.isNaN(value) ? mean : value))
}

/** What is infinite becomes the mean of the finite ones; NaN where there are none. */
export function replaceInfinite(values: Float64Array): Float64Array {
  const mean = meanOf(values.filter(Number.isFinite))
  return values.map((value) => (Math.abs(value) === Infinity ? mean : value))
}

const known = (values: Float64Array): Float64Array => values.filter((value) => !Number.isNaN(value))

/** NaN of none. */
const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Linear between the middle two; NaN of none. */
function medianOf(values: Float64Array): number {
  const sorted = values.sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
