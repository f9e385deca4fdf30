/**
 * Rolling maximum and minimum as `pandas.Series.rolling(window, min_periods=1)`: values that are not finite are skipped,
 * a window without any is NaN. And where in the window they stand, as Qlib's `IdxMax` and `IdxMin` (numpy's argmax + 1):
 * counted from 1 at the window's first row, the first of equals; the first value that is not finite takes it.
 *
 * Blocks as in rolling-sum.ts (van Herk 1992, Gil and Werman 1993). Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { inBlocks } from './in-blocks.ts'

const extreme = (values: Column, window: number, side: 1 | -1, workspace: Workspace): Column =>
  inBlocks(2, values, window, workspace, (...of) => workspace.compiled.rollingExtreme(...of, side))

const placeOf = (values: Column, window: number, side: 1 | -1, workspace: Workspace): Column =>
  inBlocks(2, values, window, workspace, (...of) => workspace.compiled.rollingPlace(...of, side))

export const rollingMaximum = (values: Column, window: number, workspace: Workspace): Column => extreme(values, window, 1, workspace)
export const rollingMinimum = (values: Column, window: number, workspace: Workspace): Column => extreme(values, window, -1, workspace)
export const maximumPlace = (values: Column, window: number, workspace: Workspace): Column => placeOf(values, window, 1, workspace)
export const minimumPlace = (values: Column, window: number, workspace: Workspace): Column => placeOf(values, window, -1, workspace)
