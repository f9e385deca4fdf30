/**
 * Difference of a fast and a slow simple average, as TA-Lib's TA_APO and, in percent of the slow one, TA_PPO (0 where that
 * is 0). Periods given the wrong way round are swapped. NaN for the first slow − 1 rows. float64. Input: finite values.
 * Cost: O(1) a row.
 */
import { sma } from './sma.ts'

export type PriceOscillator = { absolute: Float64Array; percent: Float64Array }

export function priceOscillator(values: Float64Array, fast: number, slow: number): PriceOscillator {
  const short = sma(values, Math.min(fast, slow))
  const long = sma(values, Math.max(fast, slow))
  const absolute = short.map((value, row) => value - long[row]!)
  return { absolute, percent: absolute.map((value, row) => (long[row] === 0 ? 0 : (100 * value) / long[row]!)) }
}
