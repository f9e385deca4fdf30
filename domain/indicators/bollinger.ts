/**
 * Bollinger bands as TA-Lib's TA_BBANDS with a simple average: middle ± width population deviations over `period`
 * values. NaN for the first period − 1 rows. float64. Input: finite values.
 *
 * Blocks as in sma.ts. Sums and sums of squares are taken of the distances from the block's first value, which every
 * window of the block contains: however high the price stands, the deviation loses no digits to it, and equal values
 * give exactly 0 (TA-Lib subtracts squares of the prices themselves, and its narrow bands are noise). Cost: O(1) a row.
 */
export type Bands = { upper: Float64Array; middle: Float64Array; lower: Float64Array }

/** @param width deviations between the middle and either band */
export function bollinger(values: Float64Array, period: number, width: number): Bands {
  const rows = values.length
  const upper = new Float64Array(rows)
  const middle = new Float64Array(rows)
  const lower = new Float64Array(rows)
  // of the last k values of the block before, as distances from this block's first value
  const tail = new Float64Array(period + 1)
  const tailSquares = new Float64Array(period + 1)
  for (let start = 0; start < rows; start += period) {
    const origin = values[start]!
    for (let taken = 1; taken < period && start > 0; taken++) {
      const distance = values[start - taken]! - origin
      tail[taken] = tail[taken - 1]! + distance
      tailSquares[taken] = tailSquares[taken - 1]! + distance * distance
    }
    const end = Math.min(start + period, rows)
    let sum = 0
    let squares = 0
    for (let row = start; row < end; row++) {
      const distance = values[row]! - origin
      sum += distance
      squares += distance * distance
      const carried = period - 1 - (row - start)
      const mean = (sum + tail[carried]!) / period
      const variance = (squares + tailSquares[carried]!) / period - mean * mean
      const band = variance > 0 ? width * Math.sqrt(variance) : 0
      const centre = origin + mean
      middle[row] = centre
      upper[row] = centre + band
      lower[row] = centre - band
    }
  }
  for (const band of [upper, middle, lower]) band.fill(NaN, 0, Math.min(period - 1, rows))
  return { upper, middle, lower }
}
