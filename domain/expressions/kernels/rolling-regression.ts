/**
 * Rolling regression of a series on time, as Qlib's cython `rolling_slope`, `rolling_rsquare` and `rolling_resi`: the
 * slope a row, the share of variance explained, and the newest value less the line. A NaN row is skipped, and the rows
 * around it keep their numbers; a NaN newest row has no residual. An infinity poisons Qlib's running sums for good, so
 * all rows from it on are NaN. The share is NaN where the deviation is within 2e-5 of zero, as Qlib's `Rsquare`.
 *
 * Blocks and joined parts as in rolling-correlation.ts, time counted from the block's start: parts of one window have
 * one clock. Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'
import { inBlocks } from './in-blocks.ts'

/** Lines: slope, share of variance, residual. */
export function rollingRegression(values: Column, window: number, workspace: Workspace): [slope: Column, share: Column, residual: Column] {
  const [share, residual] = [workspace.lend(), workspace.lend()]
  const sound = firstInfinity(values)
  const slope = inBlocks(7, values, window, workspace, (from, _rows, ...of) =>
    workspace.compiled.rollingRegression(from, sound, ...of, workspace.addressOf(share), workspace.addressOf(residual)),
  )
  for (const line of [slope, share, residual]) line.fill(NaN, sound)
  return [slope, share, residual]
}

function firstInfinity(values: Column): number {
  const found = values.findIndex((value) => value === Infinity || value === -Infinity)
  return found < 0 ? values.length : found
}
