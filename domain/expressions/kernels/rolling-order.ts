/**
 * Rolling quantiles (linear interpolation), medians and ranks as `pandas.Series.rolling(window, min_periods=1)`'s
 * `.quantile`, `.median` and `.rank(pct=True)`: values that are not finite are skipped, a window without any is NaN. A
 * rank is that of the newest value among those of the window, equals sharing their mean place, over their count; NaN when
 * the newest is not finite. All statistics of one window are read off one order of its values.
 *
 * Cost: a window up to 256 rows is kept as a sorted array, in which moving the numbers between the one that leaves and
 * the one that enters costs less than any tree; a longer one as a tree, O(log n) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { CountTree } from './count-tree.ts'

/** Stands among quantiles for the rank of the newest value. */
export const rankOfNewest = -1

const longestArray = 256

/** One line for each statistic: a quantile from 0 to 1, or `rankOfNewest`. */
export function rollingOrder(values: Column, asked: number, statistics: readonly number[], workspace: Workspace): Column[] {
  const lines = statistics.map(() => workspace.lend())
  const window = Math.min(asked, values.length)
  if (window <= longestArray) orderInArray(values, window, statistics, lines, workspace)
  else orderInTree(values, window, statistics, lines)
  return lines
}

function orderInArray(values: Column, window: number, statistics: readonly number[], lines: readonly Column[], workspace: Workspace): void {
  const addressOf = (column: Column) => workspace.addressOf(column)
  // as assembly/rolling-order.ts lays it out
  workspace.withScratch(3 * lines.length, (table) => {
    const addresses = new Uint32Array(table.buffer, table.byteOffset)
    for (const [line, column] of lines.entries()) {
      table[3 * line] = statistics[line]!
      addresses[6 * line + 2] = addressOf(column)
    }
    workspace.withScratch(window + 1, (sorted) =>
      workspace.compiled.rollingOrder(addressOf(values), values.length, window, addressOf(sorted), lines.length, addressOf(table)),
    )
  })
}

function orderInTree(values: Column, window: number, statistics: readonly number[], lines: readonly Column[]): void {
  const tree = new CountTree(values)
  for (let row = 0; row < values.length; row++) {
    const newest = values[row]!
    tree.slide(row < window ? NaN : values[row - window]!, newest)
    for (const [line, statistic] of statistics.entries()) {
      if (statistic === rankOfNewest) lines[line]![row] = newest - newest === 0 ? tree.rankOfNewest() / tree.size : NaN
      else lines[line]![row] = tree.size === 0 ? NaN : quantileOf(tree, statistic)
    }
  }
}

function quantileOf(tree: CountTree, share: number): number {
  const at = share * (tree.size - 1)
  const lower = Math.floor(at)
  const value = tree.at(lower)
  return at === lower ? value : value + (tree.at(lower + 1) - value) * (at - lower)
}
