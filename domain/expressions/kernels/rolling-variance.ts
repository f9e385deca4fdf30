/**
 * Rolling sample variance (ddof 1) and standard deviation as `pandas.Series.rolling(window, min_periods=1)` on float64:
 * values that are not finite are skipped, fewer than two of them give NaN, equal ones give exactly 0.
 *
 * Blocks as in rolling-sum.ts. A part keeps count, mean and sum of squared deviations (Welford 1962); two parts are
 * joined by Chan, Golub and LeVeque's formula (1979), so that a large mean costs no digits. Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'

export function rollingVariance(values: Column, asked: number, workspace: Workspace): Column {
  const [out, tailCount, tailMean, tailSquares] = [workspace.lend(), workspace.lend(), workspace.lend(), workspace.lend()]
  const rows = values.length
  const window = Math.min(asked, rows)
  for (const tail of [tailCount, tailMean, tailSquares]) tail.fill(0, 0, window)
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let count = 0
    let mean = 0
    let squares = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) {
        const deviation = value - mean
        mean += deviation / ++count
        squares += deviation * (value - mean)
      }
      const before = tailCount[carried]!
      const all = count + before
      // with one part empty the other's squares are the whole
      const gap = count === 0 || before === 0 ? 0 : mean - tailMean[carried]!
      const joined = squares + tailSquares[carried]! + (gap === 0 ? 0 : (gap * gap * count * before) / all)
      out[row] = all < 2 ? NaN : joined / (all - 1)
    }
    if (end === rows) break
    count = mean = squares = 0
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]!
      if (value - value === 0) {
        const deviation = value - mean
        mean += deviation / ++count
        squares += deviation * (value - mean)
      }
      tailCount[taken] = count
      tailMean[taken] = mean
      tailSquares[taken] = squares
    }
  }
  workspace.giveBack(tailCount, tailMean, tailSquares)
  return out
}

export function rollingDeviation(values: Column, window: number, workspace: Workspace): Column {
  const out = rollingVariance(values, window, workspace)
  for (let row = 0; row < out.length; row++) out[row] = Math.sqrt(out[row]!)
  return out
}
