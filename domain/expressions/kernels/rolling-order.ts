/**
 * Rolling quantiles (linear interpolation), medians and ranks as `pandas.Series.rolling(window, min_periods=1)`'s
 * `.quantile`, `.median` and `.rank(pct=True)`: values that are not finite are skipped, a window without any is NaN. A
 * rank is that of the newest value among those of the window, equals sharing their mean place, over their count; NaN when
 * the newest is not finite. All statistics of one window are read off one ordered window. Cost: ordered-window.ts.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'
import { type OrderedWindow, orderedWindow } from './ordered-window.ts'

/** Stands among quantiles for the rank of the newest value. */
export const rankOfNewest = -1

/** One line for each statistic: a quantile from 0 to 1, or `rankOfNewest`. */
export function rollingOrder(values: Column, asked: number, statistics: readonly number[], workspace: Workspace): Column[] {
  const lines = statistics.map(() => workspace.lend())
  const window = Math.min(asked, values.length)
  const ordered = orderedWindow(values, window)
  for (let row = 0; row < values.length; row++) {
    const newest = values[row]!
    ordered.slide(row < window ? NaN : values[row - window]!, newest)
    const { size } = ordered
    for (let line = 0; line < lines.length; line++) {
      const statistic = statistics[line]!
      if (statistic !== rankOfNewest) lines[line]![row] = size === 0 ? NaN : quantileOf(ordered, statistic)
      else lines[line]![row] = newest - newest === 0 ? ordered.rankOfNewest() / size : NaN
    }
  }
  return lines
}

function quantileOf(ordered: OrderedWindow, share: number): number {
  const place = share * (ordered.size - 1)
  const lower = Math.floor(place)
  const value = ordered.at(lower)
  return place === lower ? value : value + (ordered.at(lower + 1) - value) * (place - lower)
}
