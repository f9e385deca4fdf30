/**
 * How far a window of sessions lies from its own reference when nothing has changed. Rows of one session share their
 * market, and sessions follow each other, so a window of m rows says far less than m independent ones. Windows are drawn
 * from the reference by block bootstrap in blocks as long as the window (three to the reference at least), which keeps
 * what lasts. Of each feature's distances in them, the 95 % quantile of Smirnov's is matched with Kolmogorov's
 * distribution, which gives the effective sample size; the 95 % quantile of the stability index is its limit.
 *
 * A drawn window is part of the reference that it is compared with: the variance of their difference is (1 − b/n) of what
 * one of a window of w sessions beside the reference's n would be but for the reference's own error, w/n; distances are
 * raised by the square root of (1 + w/n)/(1 − b/n), the index, a square, by the ratio itself. O(draws · features · rows of
 * a window · log).
 */
import { DomainError } from '../domain-error.ts'
import { resampleBlocks } from './block-bootstrap.ts'
import { describeFeature, type FeatureDistribution, smirnovDistance, sortWindow, stabilityIndex } from './feature-distribution.ts'
import { kolmogorov95 } from './kolmogorov.ts'
import { seededWholeNumbers } from './random.ts'

/** Rows by session, ascending; the rows of session i are `starts[i]` up to `starts[i + 1]`, of each column alike. */
export type FeatureRows = { columns: readonly Float32Array[]; starts: Int32Array }

export type FeatureNull = {
  /** of independent rows that would lie as far apart by chance */
  effectiveSize: number
  stabilityLimit: number
  /** disjoint windows that the reference holds: how well its own spread is known */
  windows: number
}

const draws = 120
const quiet = 0.95
const fewestBlocks = 3

/**
 * By feature, in the order of the columns. The same rows and seed give the same numbers on every machine.
 * @throws DomainError recipe_invalid with fewer than three sessions
 */
export function calibrateDrift(
  reference: FeatureRows,
  distributions: readonly FeatureDistribution[],
  windowSessions: number,
): FeatureNull[] {
  const sessions = reference.starts.length - 1
  if (sessions < fewestBlocks)
    throw new DomainError('recipe_invalid', `the model was fitted on ${sessions} sessions: too few to say what drift is`, { sessions })
  const blockSessions = Math.min(windowSessions, Math.floor(sessions / fewestBlocks))
  const inflation = (1 + windowSessions / sessions) / (1 - blockSessions / sessions)
  const windows = drawWindows(reference.starts, windowSessions, blockSessions)

  return distributions.map((distribution, feature) => {
    const column = reference.columns[feature]!
    const distances = new Float64Array(draws)
    const indices = new Float64Array(draws)
    windows.forEach((rows, draw) => {
      const window = sortWindow(Float32Array.from(rows, (row) => column[row]!))
      distances[draw] = smirnovDistance(distribution, window)
      indices[draw] = stabilityIndex(distribution, window)
    })
    const far = quietQuantile(distances) * Math.sqrt(inflation)
    return {
      effectiveSize: (kolmogorov95 / Math.max(far, 1 / column.length)) ** 2,
      stabilityLimit: quietQuantile(indices) * inflation,
      windows: sessions / windowSessions,
    }
  })
}

export const describeFeatures = ({ columns }: FeatureRows): FeatureDistribution[] => columns.map(describeFeature)

/** Row numbers of each drawn window. Features share the windows. */
function drawWindows(starts: Int32Array, windowSessions: number, blockSessions: number): Int32Array[] {
  const random = seededWholeNumbers(1)
  const sessions = new Int32Array(windowSessions)
  return Array.from({ length: draws }, () => {
    resampleBlocks(sessions, starts.length - 1, blockSessions, random)
    const rows: number[] = []
    for (const session of sessions) for (let row = starts[session]!; row < starts[session + 1]!; row++) rows.push(row)
    return Int32Array.from(rows)
  })
}

const quietQuantile = (values: Float64Array) => values.toSorted()[Math.ceil(quiet * values.length) - 1]!
