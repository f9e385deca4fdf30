/**
 * Ultimate oscillator as TA-Lib's TA_ULTOSC (Williams 1985): buying pressure (close less the lower of low and previous
 * close) over the true range, summed over three periods and weighted 4, 2 and 1 from the shortest on, in percent. A
 * period without range adds nothing. NaN for as many rows as the longest period. float64. Input: finite values. Cost:
 * O(1) a row.
 */
import { anchoredSums } from './anchored-sums.ts'
import { trueRange } from './true-range.ts'

export function ultimateOscillator(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  periods: readonly [number, number, number],
): Float64Array {
  // the first row has no previous close
  const ranges = trueRange(high, low, close).subarray(1)
  const pressures = ranges.map((_, row) => close[row + 1]! - Math.min(low[row + 1]!, close[row]!))
  const out = new Float64Array(close.length).fill(NaN)
  const terms = periods
    .toSorted((a, b) => a - b)
    .map((period, index) => ({ weight: [4, 2, 1][index]!, pressure: anchoredSums(pressures, period), range: anchoredSums(ranges, period) }))
  for (let row = Math.max(...periods); row < out.length; row++) {
    let sum = 0
    for (const { weight, pressure, range } of terms) if (range[row - 1] !== 0) sum += weight * (pressure[row - 1]! / range[row - 1]!)
    out[row] = 100 * (sum / 7)
  }
  return out
}
