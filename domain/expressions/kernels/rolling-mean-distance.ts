/**
 * Qlib's `Mad`: the mean distance of the window's values from their mean. Values that are not finite are skipped, a window
 * without any is NaN. Cost: O(window) a row, the only operator so: the mean moves with every row, and all distances with it.
 */
import type { Column, Workspace } from '../workspace.ts'

export function rollingMeanDistance(values: Column, window: number, workspace: Workspace): Column {
  const out = workspace.lend()
  for (let row = 0; row < values.length; row++) {
    const first = Math.max(0, row - window + 1)
    let count = 0
    let sum = 0
    let distance = 0
    for (let at = first; at <= row; at++) {
      const value = values[at]!
      if (value - value !== 0) continue
      count++
      sum += value
    }
    const mean = sum / count
    for (let at = first; at <= row; at++) {
      const value = values[at]!
      if (value - value === 0) distance += Math.abs(value - mean)
    }
    out[row] = distance / count
  }
  return out
}
