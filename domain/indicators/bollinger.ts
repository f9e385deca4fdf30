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
  let start = period - 1
  for (; start + 2 * block <= rows; start += 2 * block) writeBlocksAbreast(values, period, width, start, block, out)
  for (; start < rows; start += block) writeBlock(values, period, width, start, Math.min(start + block, rows), out)
  flatten(values, period, out)
}

function writeBlock(
  values: Float64Array,
  period: number,
  width: number,
  start: number,
  end: number,
  { upper, middle, lower }: Bands,
): void {
  const share = 1 / period
  const origin = values[start]!
  let sum = 0
  let squares = 0
  for (let row = start - period + 1; row < start; row++) {
    const distance = values[row]! - origin
    sum += distance
    squares += distance * distance
  }
  let leaving = 0
  for (let row = start; row < end; row++) {
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
    leaving = values[row - period + 1]! - origin
  }
}

/** Two blocks side by side, each as above: see docs/decisions/0030-kernels-by-fours.md. */
function writeBlocksAbreast(
  values: Float64Array,
  period: number,
  width: number,
  start: number,
  block: number,
  { upper, middle, lower }: Bands,
): void {
  const share = 1 / period
  const originA = values[start]!
  const originB = values[start + block]!
  let sumA = 0
  let sumB = 0
  let squaresA = 0
  let squaresB = 0
  for (let row = start - period + 1; row < start; row++) {
    const distanceA = values[row]! - originA
    const distanceB = values[row + block]! - originB
    sumA += distanceA
    sumB += distanceB
    squaresA += distanceA * distanceA
    squaresB += distanceB * distanceB
  }
  let leavingA = 0
  let leavingB = 0
  for (let rowA = start, rowB = start + block; rowA < start + block; rowA++, rowB++) {
    const distanceA = values[rowA]! - originA
    const distanceB = values[rowB]! - originB
    const changeA = distanceA - leavingA
    const changeB = distanceB - leavingB
    sumA += changeA
    sumB += changeB
    squaresA += changeA * (distanceA + leavingA)
    squaresB += changeB * (distanceB + leavingB)
    const meanA = sumA * share
    const meanB = sumB * share
    const bandA = width * Math.sqrt(Math.max(0, squaresA * share - meanA * meanA))
    const bandB = width * Math.sqrt(Math.max(0, squaresB * share - meanB * meanB))
    const centreA = originA + meanA
    const centreB = originB + meanB
    middle[rowA] = centreA
    middle[rowB] = centreB
    upper[rowA] = centreA + bandA
    upper[rowB] = centreB + bandB
    lower[rowA] = centreA - bandA
    lower[rowB] = centreB - bandB
    leavingA = values[rowA - period + 1]! - originA
    leavingB = values[rowB - period + 1]! - originB
  }
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
