/**
 * Simple moving average as TA-Lib's TA_SMA: NaN for the first period − 1 rows. float64. Input: finite values. Sums
 * start anew in each block of anchored-rows.ts. Cost: O(1) a row.
 */
import { blockRows } from './anchored-rows.ts'

/** Blocks summed side by side: see docs/decisions/0030-kernels-by-fours.md. */
const abreast = 4

/** Writes the averages of `values` into `out`, which is as long and not the same memory. */
export function writeSma(values: Float64Array, period: number, out: Float64Array): void {
  const rows = values.length
  const block = blockRows(period)
  out.fill(NaN, 0, Math.min(period - 1, rows))
  let start = period - 1
  for (; start + abreast * block <= rows; start += abreast * block) writeBlocksAbreast(values, period, start, block, out)
  for (; start < rows; start += block) writeBlock(values, period, start, Math.min(start + block, rows), out)
}

function writeBlock(values: Float64Array, period: number, start: number, end: number, out: Float64Array): void {
  let sum = 0
  for (let row = start - period + 1; row < start; row++) sum += values[row]!
  let leaving = 0
  for (let row = start; row < end; row++) {
    sum += values[row]! - leaving
    out[row] = sum / period
    leaving = values[row - period + 1]!
  }
}

/** The same additions in the same order, block by block. */
function writeBlocksAbreast(values: Float64Array, period: number, start: number, block: number, out: Float64Array): void {
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let row = start - period + 1; row < start; row++) {
    a += values[row]!
    b += values[row + block]!
    c += values[row + 2 * block]!
    d += values[row + 3 * block]!
  }
  let [leavingA, leavingB, leavingC, leavingD] = [0, 0, 0, 0]
  let [rowA, rowB, rowC, rowD] = [start, start + block, start + 2 * block, start + 3 * block]
  for (const end = rowB; rowA < end; rowA++, rowB++, rowC++, rowD++) {
    a += values[rowA]! - leavingA
    b += values[rowB]! - leavingB
    c += values[rowC]! - leavingC
    d += values[rowD]! - leavingD
    out[rowA] = a / period
    out[rowB] = b / period
    out[rowC] = c / period
    out[rowD] = d / period
    leavingA = values[rowA - period + 1]!
    leavingB = values[rowB - period + 1]!
    leavingC = values[rowC - period + 1]!
    leavingD = values[rowD - period + 1]!
  }
}

export function sma(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  writeSma(values, period, out)
  return out
}
