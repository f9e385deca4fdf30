/**
 * Rolling regression of a series on time, as Qlib's cython `rolling_slope`, `rolling_rsquare` and `rolling_resi`: the
 * slope a row, the share of variance explained, and the newest value less the line. A NaN row is skipped, and the rows
 * around it keep their numbers; a NaN newest row has no residual. An infinity poisons Qlib's running sums for good, so
 * all rows from it on are NaN. The share is NaN where the deviation is within 2e-5 of zero, as Qlib's `Rsquare`.
 *
 * Blocks and joined parts as in rolling-correlation.ts, time counted from the block's start: parts of one window have
 * one clock. Cost: O(1) a row.
 */
import type { Column } from '../operator.ts'
import type { Workspace } from '../workspace.ts'
import { reciprocals } from './reciprocals.ts'

/** A variance that Qlib takes for none. */
const least = 2e-5 ** 2

/** Lines: slope, share of variance, residual. */
export function rollingRegression(values: Column, asked: number, workspace: Workspace): [slope: Column, share: Column, residual: Column] {
  const [slopes, shares, residuals] = [workspace.lend(), workspace.lend(), workspace.lend()]
  const tails = Array.from({ length: 6 }, () => workspace.lend())
  const [tailCount, tailTime, tailMean, tailTt, tailYy, tailTy] = tails as [Column, Column, Column, Column, Column, Column]
  const rows = values.length
  const window = Math.min(asked, rows)
  const inverse = reciprocals(window)
  for (const tail of tails) tail.fill(0, 0, window)
  const sound = firstInfinity(values)
  for (let start = 0; start < sound; start += window) {
    const end = Math.min(start + window, sound)
    let count = 0
    let meanT = 0
    let meanY = 0
    let sumTt = 0
    let sumYy = 0
    let sumTy = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      const time = row - start
      if (value === value) {
        const share = inverse[++count]!
        const fromT = time - meanT
        const fromY = value - meanY
        meanT += fromT * share
        meanY += fromY * share
        sumTt += fromT * (time - meanT)
        sumYy += fromY * (value - meanY)
        sumTy += fromT * (value - meanY)
      }
      const before = tailCount[carried]!
      const all = count + before
      const rest = inverse[all]!
      const gapT = meanT - tailTime[carried]!
      const gapY = meanY - tailMean[carried]!
      const weight = count * before * rest
      // with one part empty the other's sums are the whole
      const tt = weight === 0 ? sumTt + tailTt[carried]! : sumTt + tailTt[carried]! + gapT * gapT * weight
      const yy = weight === 0 ? sumYy + tailYy[carried]! : sumYy + tailYy[carried]! + gapY * gapY * weight
      const ty = weight === 0 ? sumTy + tailTy[carried]! : sumTy + tailTy[carried]! + gapT * gapY * weight
      const slope = all < 2 ? NaN : ty / tt
      slopes[row] = slope
      shares[row] = yy <= least * (all - 1) ? NaN : (slope * ty) / yy
      const ahead = before * rest
      residuals[row] = value - (meanY - gapY * ahead) - slope * (time - (meanT - gapT * ahead))
    }
    if (end === sound) break
    count = meanT = meanY = sumTt = sumYy = sumTy = 0
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]!
      if (value === value) {
        const share = inverse[++count]!
        const fromT = -taken - meanT
        const fromY = value - meanY
        meanT += fromT * share
        meanY += fromY * share
        sumTt += fromT * (-taken - meanT)
        sumYy += fromY * (value - meanY)
        sumTy += fromT * (value - meanY)
      }
      tailCount[taken] = count
      tailTime[taken] = meanT
      tailMean[taken] = meanY
      tailTt[taken] = sumTt
      tailYy[taken] = sumYy
      tailTy[taken] = sumTy
    }
  }
  for (const line of [slopes, shares, residuals]) line.fill(NaN, sound)
  workspace.giveBack(...tails)
  return [slopes, shares, residuals]
}

function firstInfinity(values: Column): number {
  const found = values.findIndex((value) => value === Infinity || value === -Infinity)
  return found < 0 ? values.length : found
}
