/**
 * Rolling maximum and minimum as `pandas.Series.rolling(window, min_periods=1)`: values that are not finite are skipped,
 * a window without any is NaN. Blocks as in rolling-sum.ts (van Herk 1992, Gil and Werman 1993). Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'

export const rollingMaximum = (values: Column, window: number): Float64Array => extreme(values, window, 1)
export const rollingMinimum = (values: Column, window: number): Float64Array => extreme(values, window, -1)

/** The maximum of the values times `side`, times `side` again. */
function extreme(values: Column, window: number, side: 1 | -1): Float64Array {
  const out = new Float64Array(values.length)
  const tail = new Float64Array(window + 1).fill(-Infinity)
  for (let start = 0; start < values.length; start += window) {
    const end = Math.min(start + window, values.length)
    let most = -Infinity
    for (let row = start; row < end; row++) {
      const value = values[row]! * side
      if (value - value === 0 && value > most) most = value
      const carried = tail[window - 1 - (row - start)]!
      const whole = carried > most ? carried : most
      out[row] = whole === -Infinity ? NaN : whole * side
    }
    for (let taken = 1; taken <= end - start; taken++) {
      const value = values[end - taken]! * side
      const before = tail[taken - 1]!
      tail[taken] = value - value === 0 && value > before ? value : before
    }
  }
  return out
}
