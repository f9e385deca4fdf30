/**
 * Rolling covariance (ddof 1) and Pearson correlation of two series as pandas' `rolling(window, min_periods=1).cov` and
 * `.corr`: rows in which either is not finite are skipped; fewer than two pairs give NaN, and so does the correlation of
 * a series without spread. The correlation is Qlib's `Corr`: it is NaN too where the deviation of either series over the
 * window, its own finite values all counted, is within 2e-5 of zero in the series' own units.
 *
 * Blocks and joined parts as in rolling-variance.ts, with the co-moment of the two (Chan, Golub and LeVeque 1979).
 * Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { inBlocks } from './in-blocks.ts'
import { rollingVariance } from './rolling-variance.ts'

/** A variance that Qlib takes for none. */
const least = 2e-5 ** 2

export const rollingCovariance = (x: Column, y: Column, window: number, workspace: Workspace): Column =>
  coMoment(x, y, window, workspace, false).out

export function rollingCorrelation(x: Column, y: Column, window: number, workspace: Workspace): Column {
  const { out, unlike } = coMoment(x, y, window, workspace, true)
  if (unlike) for (const series of [x, y]) clearFlat(out, x, y, window, rollingVariance(series, window, workspace), workspace)
  return out
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

/** `unlike`: there is a row in which one series has a value and the other none. */
function coMoment(x: Column, y: Column, window: number, workspace: Workspace, correlation: boolean): { out: Column; unlike: boolean } {
  let unlike = false
  const out = inBlocks(7, x, window, workspace, (from, ...of) => {
    unlike = workspace.compiled.rollingCoMoment(from, workspace.addressOf(y), ...of, correlation) === 1
  })
  return { out, unlike }
}
