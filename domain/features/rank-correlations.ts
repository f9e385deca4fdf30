/**
 * Correlations of features with each other: Pearson's of their ranks, each feature ranked once over the values that it
 * has, each pair over the rows that both have (pandas' `df.rank().corr()`). O(features² · rows).
 */
import { ranks } from '../evaluation/correlation.ts'

/** Infinite values count as missing. Answers a row a feature; null where a pair has no correlation. */
export function rankCorrelations(columns: readonly Float32Array[]): (number | null)[][] {
  const ranked = columns.map(ranksOfKnown)
  const matrix: (number | null)[][] = columns.map(() => new Array<number | null>(columns.length).fill(null))
  for (let a = 0; a < columns.length; a++)
    for (let b = a; b < columns.length; b++) matrix[a]![b] = matrix[b]![a] = correlationOfPairs(ranked[a]!, ranked[b]!)
  return matrix
}

function ranksOfKnown(column: Float32Array): Float64Array {
  const known = column.filter(Number.isFinite)
  const ranked = ranks(known)
  let next = 0
  return Float64Array.from(column, (value) => (Number.isFinite(value) ? ranked[next++]! : Number.NaN))
}

function correlationOfPairs(x: Float64Array, y: Float64Array): number | null {
  let [pairs, sumX, sumY] = [0, 0, 0]
  for (let row = 0; row < x.length; row++) {
    if (Number.isNaN(x[row]!) || Number.isNaN(y[row]!)) continue
    pairs++
    sumX += x[row]!
    sumY += y[row]!
  }
  const [meanX, meanY] = [sumX / pairs, sumY / pairs]
  let [xx, yy, xy] = [0, 0, 0]
  for (let row = 0; row < x.length; row++) {
    if (Number.isNaN(x[row]!) || Number.isNaN(y[row]!)) continue
    const [dx, dy] = [x[row]! - meanX, y[row]! - meanY]
    xx += dx * dx
    yy += dy * dy
    xy += dx * dy
  }
  return pairs < 2 || xx === 0 || yy === 0 ? null : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}
