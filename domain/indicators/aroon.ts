/**
 * Aroon as TA-Lib's TA_AROON and TA_AROONOSC (Chande 1995): how long ago the highest high and the lowest low of the last
 * period + 1 rows were, 100 for now and 0 for `period` rows ago; the newest of equals. The oscillator is up − down. NaN
 * for the first `period` rows. float64. Input: finite values. Cost: O(1) a row.
 */
import { latestMaxima, latestMinima } from './window-extremes.ts'

export type Aroon = { up: Float64Array; down: Float64Array; oscillator: Float64Array }

export function aroon(high: Float64Array, low: Float64Array, period: number): Aroon {
  const [highest, lowest] = [latestMaxima(high, period + 1), latestMinima(low, period + 1)]
  const factor = 100 / period
  const line = (of: (row: number) => number) => high.map((_, row) => (row < period ? NaN : factor * of(row)))
  return {
    up: line((row) => period - (row - highest[row]!)),
    down: line((row) => period - (row - lowest[row]!)),
    oscillator: line((row) => highest[row]! - lowest[row]!),
  }
}
