/**
 * Middle between the highest high and the lowest low of `period` rows, as TA-Lib's TA_MIDPRICE; of one series TA_MIDPOINT.
 * NaN for the first period − 1 rows. float64. Input: finite values. Cost: O(1) a row.
 */
import { latestMaxima, latestMinima } from './window-extremes.ts'

export function midprice(high: Float64Array, low: Float64Array, period: number): Float64Array {
  const [highest, lowest] = [latestMaxima(high, period), latestMinima(low, period)]
  return high.map((_, row) => (row < period - 1 ? NaN : (high[highest[row]!]! + low[lowest[row]!]!) / 2))
}
