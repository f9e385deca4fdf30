/**
 * Rolling maximum and minimum as `pandas.Series.rolling(window, min_periods=1)`: values that are not finite are skipped,
 * a window without any is NaN. And where in the window they stand, as Qlib's `IdxMax` and `IdxMin` (numpy's argmax + 1):
 * counted from 1 at the window's first row, the first of equals; the first value that is not finite takes it.
 *
 * Blocks as in rolling-sum.ts (van Herk 1992, Gil and Werman 1993). Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'

export const rollingMaximum = (values: Column, window: number, workspace: Workspace): Column => extreme(values, window, 1, workspace)
export const rollingMinimum = (values: Column, window: number, workspace: Workspace): Column => extreme(values, window, -1, workspace)
export const maximumPlace = (values: Column, window: number, workspace: Workspace): Column => placeOf(values, window, 1, workspace)
export const minimumPlace = (values: Column, window: number, workspace: Workspace): Column => placeOf(values, window, -1, workspace)

/** The maximum of the values times `side`, times `side` again. */
function extreme(values: Column, asked: number, side: 1 | -1, workspace: Workspace): Column {
  const [out, tail] = [workspace.lend(), workspace.lend()]
  const rows = values.length
  const window = Math.min(asked, rows)
  tail.fill(-Infinity, 0, window)
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let most = -Infinity
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]! * side
      if (value - value === 0 && value > most) most = value
      const before = tail[carried]!
      const whole = before > most ? before : most
      out[row] = whole === -Infinity ? NaN : whole * side
    }
    if (end === rows) break
    most = -Infinity
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]! * side
      if (value - value === 0 && value > most) most = value
      tail[taken] = most
    }
  }
  workspace.giveBack(tail)
  return out
}

/** A value that is not finite counts as infinite, so that it is found first. */
function placeOf(values: Column, asked: number, side: 1 | -1, workspace: Workspace): Column {
  const [out, tail, tailRow] = [workspace.lend(), workspace.lend(), workspace.lend()]
  const rows = values.length
  const window = Math.min(asked, rows)
  tail.fill(-Infinity, 0, window)
  tailRow.fill(0, 0, window)
  let newestFinite = -window
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let most = -Infinity
    let found = start
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      let value = values[row]! * side
      if (value - value === 0) newestFinite = row
      else value = Infinity
      if (value > most) {
        most = value
        found = row
      }
      const earlier = tail[carried]! >= most ? tailRow[carried]! : found
      const first = row < window ? 0 : row - window + 1
      out[row] = newestFinite < first ? NaN : earlier - first + 1
    }
    if (end === rows) break
    most = -Infinity
    for (let taken = 1; taken < window; taken++) {
      const raw = values[end - taken]! * side
      const value = raw - raw === 0 ? raw : Infinity
      if (value >= most) {
        most = value
        found = end - taken
      }
      tail[taken] = most
      tailRow[taken] = found
    }
  }
  workspace.giveBack(tail, tailRow)
  return out
}
