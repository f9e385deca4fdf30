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

export function rollingSum(values: Column, window: number, workspace: Workspace): Column {
  const { sums, counts } = windowSums(values, window, workspace)
  for (let row = 0; row < sums.length; row++) if (counts[row] === 0) sums[row] = NaN
  workspace.giveBack(counts)
  return sums
}

export function rollingMean(values: Column, window: number, workspace: Workspace): Column {
  const { sums, counts } = windowSums(values, window, workspace)
  for (let row = 0; row < sums.length; row++) sums[row] = sums[row]! / counts[row]!
  workspace.giveBack(counts)
  return sums
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

function windowSums(values: Column, asked: number, workspace: Workspace): { sums: Column; counts: Column } {
  const [sums, counts, tail, tailCount] = [workspace.lend(), workspace.lend(), workspace.lend(), workspace.lend()]
  const rows = values.length
  // a window longer than the series never loses a row
  const window = Math.min(asked, rows)
  // tail[k]: of the last k rows of the block before
  tail.fill(0, 0, window)
  tailCount.fill(0, 0, window)
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let sum = 0
    let count = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) {
        sum += value
        count++
      }
      sums[row] = sum + tail[carried]!
      counts[row] = count + tailCount[carried]!
    }
    if (end === rows) break
    sum = 0
    count = 0
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]!
      if (value - value === 0) {
        sum += value
        count++
      }
      tail[taken] = sum
      tailCount[taken] = count
    }
  }
  workspace.giveBack(tail, tailCount)
  return { sums, counts }
}
