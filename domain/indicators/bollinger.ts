/**
 * Bollinger bands as TA-Lib's TA_BBANDS with a simple average: middle ± width population deviations over `period`
 * values. NaN for the first period − 1 rows. float64. Input: finite values.
 *
 * Sums start anew in each block of anchored-rows.ts, and are of distances from the block's first value: however high the
 * price stands, the deviation loses no digits to it. A window of equal values has bands of exactly no width. TA-Lib
 * subtracts squares of the prices themselves: its narrow bands are noise. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

export type Bands = { upper: Float64Array; middle: Float64Array; lower: Float64Array }

/** @param width deviations between the middle and either band; `out` is as long as `values` and not the same memory */
export function writeBollinger(values: Float64Array, period: number, width: number, { upper, middle, lower }: Bands): void {
  const rows = values.length
  const block = blockRows(period)
  const share = 1 / period
  for (const band of [upper, middle, lower]) band.fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = period - 1; start < rows; start += block) {
    const origin = values[start]!
    let sum = 0
    let squares = 0
    // the last value, and how many values up to it are equal
    let last = NaN
    let equal = 0
    for (let row = start - period + 1; row < start; row++) {
      const value = values[row]!
      const distance = value - origin
      sum += distance
      squares += distance * distance
      equal = value === last ? equal + 1 : 1
      last = value
    }
    const end = Math.min(start + block, rows)
    let leaving = 0
    for (let row = start; row < end; row++) {
      const value = values[row]!
      const distance = value - origin
      const change = distance - leaving
      sum += change
      squares += change * (distance + leaving)
      equal = value === last ? equal + 1 : 1
      last = value
      const mean = sum * share
      const variance = squares * share - mean * mean
      const still = equal >= period
      const centre = still ? value : origin + mean
      const band = still || variance <= 0 ? 0 : width * Math.sqrt(variance)
      middle[row] = centre
      upper[row] = centre + band
      lower[row] = centre - band
      leaving = values[row - period + 1]! - origin
    }
  }
}

export function bollinger(values: Float64Array, period: number, width: number): Bands {
  const line = () => new Float64Array(values.length)
  const bands = { upper: line(), middle: line(), lower: line() }
  writeBollinger(values, period, width, bands)
  return bands
}
