/**
 * Rolling sample variance (ddof 1) and standard deviation as `pandas.Series.rolling(window, min_periods=1)` on float64:
 * values that are not finite are skipped, fewer than two of them give NaN, equal ones give exactly 0.
 *
 * Blocks as in rolling-sum.ts. A part keeps count, mean and sum of squared deviations (Welford 1962); two parts are
 * joined by Chan, Golub and LeVeque's formula (1979), so that a large mean costs no digits. Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { inBlocks } from './in-blocks.ts'

export const rollingVariance = (values: Column, window: number, workspace: Workspace): Column =>
  inBlocks(6, values, window, workspace, (...of) => workspace.compiled.rollingVariance(...of, false))

export const rollingDeviation = (values: Column, window: number, workspace: Workspace): Column =>
  inBlocks(6, values, window, workspace, (...of) => workspace.compiled.rollingVariance(...of, true))
