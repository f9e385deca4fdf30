/**
 * What one feature of a build looks like: counts, moments and quantiles over its finite values, as NumPy and pandas give
 * them (standard deviation with n − 1, quantiles by linear interpolation), and two histograms. One has bins between
 * quantiles, each of about as many values, to compare a later window with; the other has bins of equal width over the
 * inner 99 %, to draw. Values keep the feature's own units. O(n log n).
 */
import { quantile, sortWindow } from '../monitoring/feature-distribution.ts'
import { countBelow, countUpTo } from '../sorted-counts.ts'

export type Histogram = { edges: number[]; counts: number[] }

export type ColumnStatistics = {
  rows: number
  missing: number
  infinite: number
  mean: number | null
  deviation: number | null
  min: number | null
  max: number | null
  /** by their shares, as `quantileShares` has them */
  quantiles: number[]
  /** a bin holds its lower edge, the last also its upper one; equal quantiles make fewer bins */
  byQuantiles: Histogram
  /** as above, over `quantiles` .005 to .995; what lies outside is counted apart */
  byWidth: Histogram & { below: number; above: number }
}

export const quantileShares: readonly number[] = [0.005, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.995]
const quantileBins = 20
const widthBins = 40

export function describeColumn(values: Float32Array): ColumnStatistics {
  const { sorted: known, missing } = sortWindow(values)
  const first = countUpTo(known, Number.NEGATIVE_INFINITY)
  const sorted = known.subarray(first, countBelow(known, Number.POSITIVE_INFINITY))
  const infinite = known.length - sorted.length
  const counts = { rows: values.length, missing, infinite }
  if (sorted.length === 0) return { ...counts, ...empty }
  const edges = [...new Set(Array.from({ length: quantileBins + 1 }, (_, at) => quantile(sorted, at / quantileBins)))]
  return {
    ...counts,
    ...momentsOf(sorted),
    min: sorted[0]!,
    max: sorted.at(-1)!,
    quantiles: quantileShares.map((share) => quantile(sorted, share)),
    byQuantiles: histogramOf(sorted, edges),
    byWidth: byWidth(sorted, quantile(sorted, quantileShares[0]!), quantile(sorted, quantileShares.at(-1)!)),
  }
}

const nothing: Histogram = { edges: [], counts: [] }
const empty = {
  mean: null,
  deviation: null,
  min: null,
  max: null,
  quantiles: [],
  byQuantiles: nothing,
  byWidth: { ...nothing, below: 0, above: 0 },
}

function momentsOf(values: Float32Array): { mean: number; deviation: number | null } {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  return { mean, deviation: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)) }
}

/** One value alone has a bin of no width. */
function histogramOf(sorted: Float32Array, edges: readonly number[]): Histogram {
  const [lowest, highest] = [edges[0]!, edges.at(-1)!]
  if (edges.length === 1) return { edges: [lowest, highest], counts: [countUpTo(sorted, highest) - countBelow(sorted, lowest)] }
  const counts = edges
    .slice(1)
    .map((edge, at) => (at === edges.length - 2 ? countUpTo(sorted, edge) : countBelow(sorted, edge)) - countBelow(sorted, edges[at]!))
  return { edges: [...edges], counts }
}

function byWidth(sorted: Float32Array, from: number, to: number): ColumnStatistics['byWidth'] {
  const edges =
    from === to ? [from] : Array.from({ length: widthBins + 1 }, (_, at) => (at === widthBins ? to : from + ((to - from) * at) / widthBins))
  return { ...histogramOf(sorted, edges), below: countBelow(sorted, from), above: sorted.length - countUpTo(sorted, to) }
}
