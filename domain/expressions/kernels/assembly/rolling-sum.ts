/**
 * See ../rolling-sum.ts. Each block is read forwards for its own rows and backwards for those of the next; in between,
 * `tails` hold what the last k rows of a block come to, a column of as many rows as the window for each.
 */
import { at, isFinite, put } from './columns'

export function rollingSum(values: usize, rows: i32, window: i32, tails: usize, out: usize): void {
  // of the last k rows of the block before, and of this one
  let tail = tails
  let next = tails + ((<usize>window) << 3)
  memory.fill(tail, 0, (<usize>window) << 3)
  let newestFinite = -window
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let sum: f64 = 0
    let rest: f64 = 0
    for (let row = start, taken = 0; row < end; row++, taken++) {
      const value = at(values, row)
      if (isFinite(value)) {
        sum += value
        newestFinite = row
      }
      put(out, row, row - newestFinite < window ? sum + at(tail, window - 1 - taken) : NaN)
      put(next, taken, rest)
      const older = at(values, end - 1 - taken)
      if (isFinite(older)) rest += older
    }
    const used = tail
    tail = next
    next = used
  }
}

export function rollingMean(values: usize, rows: i32, window: i32, tails: usize, out: usize): void {
  let tail = tails
  let next = tails + ((<usize>window) << 3)
  memory.fill(tail, 0, (<usize>window) << 3)
  let count = 0
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let sum: f64 = 0
    let rest: f64 = 0
    for (let row = start, taken = 0; row < end; row++, taken++) {
      const value = at(values, row)
      if (isFinite(value)) {
        sum += value
        count++
      }
      if (start > 0 && isFinite(at(values, row - window))) count--
      // no values at all: 0/0
      put(out, row, (sum + at(tail, window - 1 - taken)) / count)
      put(next, taken, rest)
      const older = at(values, end - 1 - taken)
      if (isFinite(older)) rest += older
    }
    const used = tail
    tail = next
    next = used
  }
}
