/**
 * Rolling quantiles (linear interpolation), medians and ranks as `pandas.Series.rolling(window, min_periods=1)`'s
 * `.quantile`, `.median` and `.rank(pct=True)`: values that are not finite are skipped, a window without any is NaN. A
 * rank is that of the newest value among those of the window, equals sharing their mean place, over their count; NaN when
 * the newest is not finite. All statistics of one window are read off one order of its values.
 *
 * Cost: a window up to 256 rows is kept as a sorted array, in which moving the numbers between the one that leaves and
 * the one that enters costs less than any tree; a longer one as a tree, O(log n) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'
import { CountTree } from './count-tree.ts'

/** Stands among quantiles for the rank of the newest value. */
export const rankOfNewest = -1

const longestArray = 256

/** One line for each statistic: a quantile from 0 to 1, or `rankOfNewest`. */
export function rollingOrder(values: Column, asked: number, statistics: readonly number[], workspace: Workspace): Column[] {
  const lines = statistics.map(() => workspace.lend())
  const window = Math.min(asked, values.length)
  if (window <= longestArray) orderInArray(values, window, statistics, lines)
  else orderInTree(values, window, statistics, lines)
  return lines
}

function orderInArray(values: Column, window: number, statistics: readonly number[], lines: readonly Column[]): void {
  const sorted = new Float64Array(window + 1)
  // of each line the place of its quantile, and how far towards the next one it lies; they change with the size alone
  const lower = new Int32Array(statistics.length)
  const share = new Float64Array(statistics.length)
  let size = 0
  let placed = -1
  for (let row = 0; row < values.length; row++) {
    const entering = values[row]!
    const leaving = row < window ? NaN : values[row - window]!
    // the free place: of the value that leaves, or one more at the end
    let place = size
    if (leaving - leaving === 0) place = placeOf(sorted, size, leaving)
    else size++
    if (entering - entering === 0) {
      for (; place > 0 && sorted[place - 1]! > entering; place--) sorted[place] = sorted[place - 1]!
      for (; place < size - 1 && sorted[place + 1]! < entering; place++) sorted[place] = sorted[place + 1]!
      sorted[place] = entering
    } else {
      size--
      for (let hole = place; hole < size; hole++) sorted[hole] = sorted[hole + 1]!
      place = -1
    }
    if (size !== placed) {
      placed = size
      for (let line = 0; line < lower.length; line++) {
        const at = statistics[line]! * (size - 1)
        lower[line] = Math.floor(at)
        share[line] = at - lower[line]!
      }
    }
    for (let line = 0; line < lower.length; line++) {
      const out = lines[line]!
      if (statistics[line] === rankOfNewest) out[row] = place < 0 ? NaN : rankAt(sorted, size, place) / size
      else if (size === 0) out[row] = NaN
      else {
        const value = sorted[lower[line]!]!
        out[row] = share[line] === 0 ? value : value + (sorted[lower[line]! + 1]! - value) * share[line]!
      }
    }
  }
}

/** From the middle outwards: short windows are searched faster so than by halves. */
function placeOf(sorted: Float64Array, size: number, value: number): number {
  let place = size >> 1
  while (place > 0 && sorted[place]! > value) place--
  while (sorted[place]! < value) place++
  return place
}

/** The mean place of the values that equal the one at `place`, counted from 1. */
function rankAt(sorted: Float64Array, size: number, place: number): number {
  const value = sorted[place]
  let first = place
  let last = place
  while (first > 0 && sorted[first - 1] === value) first--
  while (last < size - 1 && sorted[last + 1] === value) last++
  return (first + last) / 2 + 1
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
