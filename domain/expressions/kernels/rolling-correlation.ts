/**
 * Rolling covariance (ddof 1) and Pearson correlation of two series as pandas' `rolling(window, min_periods=1).cov` and
 * `.corr`: rows in which either is not finite are skipped; fewer than two pairs give NaN, and so does the correlation of
 * a series without spread. The correlation is Qlib's `Corr`: it is NaN too where the deviation of either series over the
 * window, its own finite values all counted, is within 2e-5 of zero in the series' own units.
 *
 * Blocks and joined parts as in rolling-variance.ts, with the co-moment of the two (Chan, Golub and LeVeque 1979).
 * Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'
import { reciprocals } from './reciprocals.ts'
import { rollingVariance } from './rolling-variance.ts'

/** A variance that Qlib takes for none. */
const least = 2e-5 ** 2

export function rollingCovariance(x: Column, y: Column, window: number, workspace: Workspace): Column {
  const { pairs, xx, yy, xy } = coMoments(x, y, window, workspace)
  for (let row = 0; row < xy.length; row++) xy[row] = pairs[row]! < 2 ? NaN : xy[row]! / (pairs[row]! - 1)
  workspace.giveBack(pairs, xx, yy)
  return xy
}

export function rollingCorrelation(x: Column, y: Column, window: number, workspace: Workspace): Column {
  const { pairs, xx, yy, xy } = coMoments(x, y, window, workspace)
  let unlike = -window
  for (let row = 0; row < xy.length; row++) {
    if (isUnlike(x, y, row)) unlike = row
    const squaresX = xx[row]!
    const squaresY = yy[row]!
    // of pairs that are the series' own values the deviation is known already
    const bound = row - unlike >= window ? least * (pairs[row]! - 1) : 0
    // a square root each, as their product may overflow
    const found = xy[row]! / (Math.sqrt(squaresX) * Math.sqrt(squaresY))
    const flat = squaresX <= bound || squaresY <= bound
    xy[row] = flat || found !== found ? NaN : found > 1 ? 1 : found < -1 ? -1 : found
  }
  workspace.giveBack(pairs, xx, yy)
  if (unlike >= 0) for (const series of [x, y]) clearFlat(xy, x, y, window, rollingVariance(series, window, workspace), workspace)
  return xy
}

/** In windows with rows in which one series has a value and the other none, each series' own deviation counts. */
function clearFlat(xy: Column, x: Column, y: Column, window: number, variance: Column, workspace: Workspace): void {
  let unlike = -window
  for (let row = 0; row < xy.length; row++) {
    if (isUnlike(x, y, row)) unlike = row
    if (row - unlike < window && variance[row]! <= least) xy[row] = NaN
  }
  workspace.giveBack(variance)
}

const isUnlike = (x: Column, y: Column, row: number) => Number.isFinite(x[row]) !== Number.isFinite(y[row])

/** How many pairs each window has, and their sums of squared and of crossed deviations. */
function coMoments(x: Column, y: Column, asked: number, workspace: Workspace) {
  const [pairs, xx, yy, xy] = [workspace.lend(), workspace.lend(), workspace.lend(), workspace.lend()]
  const tails = Array.from({ length: 6 }, () => workspace.lend())
  const [tailCount, tailX, tailY, tailXx, tailYy, tailXy] = tails as [Column, Column, Column, Column, Column, Column]
  const rows = x.length
  const window = Math.min(asked, rows)
  const inverse = reciprocals(window)
  for (const tail of tails) tail.fill(0, 0, window)
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    let count = 0
    let meanX = 0
    let meanY = 0
    let sumXx = 0
    let sumYy = 0
    let sumXy = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const valueX = x[row]!
      const valueY = y[row]!
      if (valueX - valueX === 0 && valueY - valueY === 0) {
        const share = inverse[++count]!
        const fromX = valueX - meanX
        const fromY = valueY - meanY
        meanX += fromX * share
        meanY += fromY * share
        sumXx += fromX * (valueX - meanX)
        sumYy += fromY * (valueY - meanY)
        sumXy += fromX * (valueY - meanY)
      }
      const before = tailCount[carried]!
      const all = count + before
      pairs[row] = all
      if (count === 0 || before === 0) {
        xx[row] = sumXx + tailXx[carried]!
        yy[row] = sumYy + tailYy[carried]!
        xy[row] = sumXy + tailXy[carried]!
      } else {
        const weight = count * before * inverse[all]!
        const gapX = meanX - tailX[carried]!
        const gapY = meanY - tailY[carried]!
        xx[row] = sumXx + tailXx[carried]! + gapX * gapX * weight
        yy[row] = sumYy + tailYy[carried]! + gapY * gapY * weight
        xy[row] = sumXy + tailXy[carried]! + gapX * gapY * weight
      }
    }
    if (end === rows) break
    count = meanX = meanY = sumXx = sumYy = sumXy = 0
    for (let taken = 1; taken < window; taken++) {
      const valueX = x[end - taken]!
      const valueY = y[end - taken]!
      if (valueX - valueX === 0 && valueY - valueY === 0) {
        const share = inverse[++count]!
        const fromX = valueX - meanX
        const fromY = valueY - meanY
        meanX += fromX * share
        meanY += fromY * share
        sumXx += fromX * (valueX - meanX)
        sumYy += fromY * (valueY - meanY)
        sumXy += fromX * (valueY - meanY)
      }
      tailCount[taken] = count
      tailX[taken] = meanX
      tailY[taken] = meanY
      tailXx[taken] = sumXx
      tailYy[taken] = sumYy
      tailXy[taken] = sumXy
    }
  }
  workspace.giveBack(...tails)
  return { pairs, xx, yy, xy }
}
