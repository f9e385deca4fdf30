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
export function writeBollinger(values: Float64Array, period: number, width: number, out: Bands): void {
  const rows = values.length
  const block = blockRows(period)
  for (const band of [out.upper, out.middle, out.lower]) band.fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = period - 1; start < rows; start += block) {
    const end = Math.min(start + block, rows)
    const inTwos = end - ((end - start) % 2)
    const sums = writeByTwos(values, period, width, start, inTwos, out)
    if (inTwos < end) writeRow(values, period, width, start, inTwos, sums, out)
  }
  flatten(values, period, out)
}

/** Of distances from `origin`, and of their squares. */
type Sums = { sum: number; squares: number }

/** Two rows a turn, and nothing else in the function: see docs/decisions/0030-kernels-by-fours.md. Answers the last sums. */
function writeByTwos(
  values: Float64Array,
  period: number,
  width: number,
  start: number,
  end: number,
  { upper, middle, lower }: Bands,
): Sums {
  const share = 1 / period
  const origin = values[start]!
  let sum = 0
  let squares = 0
  for (let row = start - period + 1; row < start; row++) {
    const distance = values[row]! - origin
    sum += distance
    squares += distance * distance
  }
  // nothing leaves before the first row
  let leaving = 0
  for (let row = start, oldest = start - period + 1; row < end; row += 2, oldest += 2) {
    const distance = values[row]! - origin
    const change = distance - leaving
    sum += change
    squares += change * (distance + leaving)
    const mean = sum * share
    // rounding may leave less than nothing of a variance
    const band = width * Math.sqrt(Math.max(0, squares * share - mean * mean))
    const centre = origin + mean
    middle[row] = centre
    upper[row] = centre + band
    lower[row] = centre - band

    const nextDistance = values[row + 1]! - origin
    const nextLeaving = values[oldest]! - origin
    const nextChange = nextDistance - nextLeaving
    sum += nextChange
    squares += nextChange * (nextDistance + nextLeaving)
    const nextMean = sum * share
    const nextBand = width * Math.sqrt(Math.max(0, squares * share - nextMean * nextMean))
    const nextCentre = origin + nextMean
    middle[row + 1] = nextCentre
    upper[row + 1] = nextCentre + nextBand
    lower[row + 1] = nextCentre - nextBand
    leaving = values[oldest + 1]! - origin
  }
  return { sum, squares }
}

/** The last row of a block that has an odd one. */
function writeRow(
  values: Float64Array,
  period: number,
  width: number,
  start: number,
  row: number,
  { sum, squares }: Sums,
  { upper, middle, lower }: Bands,
): void {
  const share = 1 / period
  const origin = values[start]!
  const distance = values[row]! - origin
  const leaving = row === start ? 0 : values[row - period]! - origin
  const change = distance - leaving
  const mean = (sum + change) * share
  const band = width * Math.sqrt(Math.max(0, (squares + change * (distance + leaving)) * share - mean * mean))
  const centre = origin + mean
  middle[row] = centre
  upper[row] = centre + band
  lower[row] = centre - band
}

/** Gives windows of equal values bands of exactly no width. Of lively values it looks at one or two a period only. */
function flatten(values: Float64Array, period: number, { upper, middle, lower }: Bands): void {
  let start = 0
  for (let row = period - 1; row < values.length; row = start + period - 1) {
    const value = values[row]!
    let first = row
    while (first > start && values[first - 1] === value) first--
    if (first > start) {
      // no run of equal values that is long enough begins before it
      start = first
      continue
    }
    for (; row < values.length && values[row] === value; row++) upper[row] = middle[row] = lower[row] = value
    start = row
  }
}

export function bollinger(values: Float64Array, period: number, width: number): Bands {
  const line = () => new Float64Array(values.length)
  const bands = { upper: line(), middle: line(), lower: line() }
  writeBollinger(values, period, width, bands)
  return bands
}
