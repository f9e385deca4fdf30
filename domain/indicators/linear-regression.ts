/**
 * Least-squares line through the last `period` values, as TA-Lib's TA_LINEARREG (its value on this row), _SLOPE,
 * _INTERCEPT (its value on the window's first row), _ANGLE (of the slope, in degrees) and TA_TSF (its value on the next
 * row). NaN for the first period − 1 rows. float64. Input: finite values.
 *
 * Sums are of distances from the block's first value and start anew in each block of anchored-rows.ts; TA-Lib sums every
 * window anew. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

export type RegressionLines = Record<'value' | 'slope' | 'intercept' | 'angle' | 'forecast', Float64Array>

/** @param period at least 2 */
export function linearRegression(values: Float64Array, period: number): RegressionLines {
  const rows = values.length
  const line = () => new Float64Array(rows).fill(NaN, 0, Math.min(period - 1, rows))
  const out: RegressionLines = { value: line(), slope: line(), intercept: line(), angle: line(), forecast: line() }
  const block = blockRows(period)
  const middle = (period - 1) / 2
  const spread = (period * (period * period - 1)) / 12
  for (let start = period - 1; start < rows; start += block) {
    const origin = values[start]!
    // of distances, and of distances times their place in the window, from 0
    let sum = 0
    let placed = 0
    for (let at = 0; at < period - 1; at++) {
      const distance = values[start - period + 1 + at]! - origin
      sum += distance
      placed += at * distance
    }
    for (let row = start; row < Math.min(start + block, rows); row++) {
      const distance = values[row]! - origin
      sum += distance
      placed += (period - 1) * distance
      const slope = (placed - middle * sum) / spread
      const mean = origin + sum / period
      out.slope[row] = slope
      out.intercept[row] = mean - slope * middle
      out.value[row] = mean + slope * middle
      out.forecast[row] = mean + slope * (middle + 1)
      out.angle[row] = Math.atan(slope) * (180 / Math.PI)
      // a row later every place is one less
      const leaving = values[row - period + 1]! - origin
      sum -= leaving
      placed -= sum
    }
  }
  return out
}
