/**
 * Rolling sum, mean and count as `pandas.Series.rolling(window, min_periods=1)` on float64: values that are not finite
 * are skipped, a window without any is NaN (its count 0).
 *
 * The rows are cut into blocks as long as the window. Each window is then the end of one block and the start of the
 * next, so a sum is two partial sums added: nothing is ever subtracted, no error builds up however long the series, and
 * a computation begun at any multiple of the window gives the same bits from one block on. Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'

export function rollingSum(values: Column, asked: number, workspace: Workspace): Column {
  const out = workspace.lend()
  const tail = workspace.lend()
  const rows = values.length
  // a window longer than the series never loses a row
  const window = Math.min(asked, rows)
  // tail[k]: of the last k rows of the block before
  tail.fill(0, 0, window)
  let newestFinite = -window
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let sum = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) {
        sum += value
        newestFinite = row
      }
      out[row] = row - newestFinite < window ? sum + tail[carried]! : NaN
    }
    if (end < rows) sumBackwards(values, end, tail, window)
  }
  workspace.giveBack(tail)
  return out
}

export function rollingMean(values: Column, asked: number, workspace: Workspace): Column {
  const out = workspace.lend()
  const tail = workspace.lend()
  const rows = values.length
  const window = Math.min(asked, rows)
  tail.fill(0, 0, window)
  let count = 0
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let sum = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) {
        sum += value
        count++
      }
      if (start > 0) {
        const leaving = values[row - window]!
        if (leaving - leaving === 0) count--
      }
      // no values at all: 0/0
      out[row] = (sum + tail[carried]!) / count
    }
    if (end < rows) sumBackwards(values, end, tail, window)
  }
  workspace.giveBack(tail)
  return out
}

/** Counts what is not NaN; an infinity counts, as in pandas. */
export function rollingCount(values: Column, window: number, workspace: Workspace): Column {
  const out = workspace.lend()
  let count = 0
  for (let row = 0; row < out.length; row++) {
    if (!Number.isNaN(values[row]!)) count++
    if (row >= window && !Number.isNaN(values[row - window]!)) count--
    out[row] = count
  }
  return out
}

/** Sums of the last rows before `end`, one row more each. */
function sumBackwards(values: Column, end: number, tail: Column, window: number): void {
  let sum = 0
  for (let taken = 1; taken < window; taken++) {
    const value = values[end - taken]!
    if (value - value === 0) sum += value
    tail[taken] = sum
  }
}
