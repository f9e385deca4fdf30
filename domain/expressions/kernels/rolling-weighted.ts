/**
 * Qlib's `WMA`: `nanmean(w · x)` over the window with w = 1, 2, … n over their sum, n the rows of the window (fewer at
 * the start of the series). So it is the weighted mean over the count of values, a NaN weighs nothing, and an infinity
 * counts as NaN; a window without values is NaN.
 *
 * Blocks as in rolling-sum.ts; sums of values times their row in the block share one clock, so that they add up.
 * Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'

export function rollingWeightedMean(values: Column, asked: number, workspace: Workspace): Column {
  const out = workspace.lend()
  const tails = [workspace.lend(), workspace.lend(), workspace.lend()] as const
  const [tailCount, tailSum, tailTimed] = tails
  const rows = values.length
  const window = Math.min(asked, rows)
  for (const tail of tails) tail.fill(0, 0, window)
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let count = 0
    let sum = 0
    let timed = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) {
        count++
        sum += value
        timed += value * (row - start)
      }
      const length = Math.min(row + 1, window)
      const first = row - start - length + 1
      const weighted = timed + tailTimed[carried]! - (first - 1) * (sum + tailSum[carried]!)
      const all = count + tailCount[carried]!
      out[row] = all === 0 ? NaN : weighted / ((length * (length + 1)) / 2) / all
    }
    if (end === rows) break
    count = sum = timed = 0
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]!
      if (value - value === 0) {
        count++
        sum += value
        timed -= value * taken
      }
      tailCount[taken] = count
      tailSum[taken] = sum
      tailTimed[taken] = timed
    }
  }
  workspace.giveBack(...tails)
  return out
}
