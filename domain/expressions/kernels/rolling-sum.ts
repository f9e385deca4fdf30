/**
 * Rolling sum, mean and count as `pandas.Series.rolling(window, min_periods=1)` on float64: values that are not finite
 * are skipped, a window without any is NaN (its count 0).
 *
 * The rows are cut into blocks as long as the window. Each window is then the end of one block and the start of the
 * next, so a sum is two partial sums added: nothing is ever subtracted, no error builds up however long the series, and
 * a computation begun at any multiple of the window gives the same bits from one block on. Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { inBlocks } from './in-blocks.ts'

export const rollingSum = (values: Column, window: number, workspace: Workspace): Column =>
  inBlocks(2, values, window, workspace, (...of) => workspace.compiled.rollingSum(...of))

export const rollingMean = (values: Column, window: number, workspace: Workspace): Column =>
  inBlocks(2, values, window, workspace, (...of) => workspace.compiled.rollingMean(...of))

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
