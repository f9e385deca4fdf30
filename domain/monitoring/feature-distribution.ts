/**
 * How one feature was distributed on the rows that a model was fitted on, and how far a later window is from that:
 * - the two-sample Kolmogorov–Smirnov distance D = max |F(x) − G(x)| (Smirnov 1939), 0 to 1;
 * - the population stability index (Siddiqi 2006) Σ (a − e) ln(a / e) over ten bins between the reference's deciles, with
 *   shares below 1e-4 raised to that, as is the custom.
 * A missing value (NaN) counts as one below every number, and as a bin of its own: a feature that goes missing more often
 * than it did has another distribution. Features keep their own units, both distances have none. O(n log n) to describe
 * n reference rows; m rows of a window cost m (log m + log n).
 */
import { countBelow, countUpTo } from '../sorted-counts.ts'

export type FeatureDistribution = {
  /** ascending, without missing values */
  sorted: Float32Array
  missing: number
  /** deciles, ascending; none when every value is missing */
  edges: number[]
  /** of the bins, the missing ones last */
  shares: number[]
}

/** Values of one feature in a window: those that are there, ascending, and how many are not. */
export type SortedWindow = { sorted: Float32Array; missing: number }

const bins = 10
const smallestShare = 1e-4

export function describeFeature(values: Float32Array): FeatureDistribution {
  const { sorted, missing } = sortWindow(values)
  const edges = sorted.length === 0 ? [] : Array.from({ length: bins - 1 }, (_, index) => quantile(sorted, (index + 1) / bins))
  return { sorted, missing, edges, shares: sharesBetween(edges, { sorted, missing }) }
}

export function sortWindow(values: Float32Array): SortedWindow {
  // NaN sorts last
  const ascending = values.toSorted()
  let known = ascending.length
  while (known > 0 && Number.isNaN(ascending[known - 1])) known--
  return { sorted: ascending.subarray(0, known), missing: values.length - known }
}

/** The distance of a window that has at least one row from a reference that has, too. */
export function smirnovDistance(reference: SortedWindow, window: SortedWindow): number {
  const [n, m] = [reference.sorted.length + reference.missing, window.sorted.length + window.missing]
  let distance = Math.abs(window.missing / m - reference.missing / n)
  // between two values of the window only the reference rises, so the distance is greatest at one of them or just before it
  for (let at = 0; at < window.sorted.length;) {
    const value = window.sorted[at]!
    const before = Math.abs((window.missing + at) / m - (reference.missing + countBelow(reference.sorted, value)) / n)
    while (at < window.sorted.length && window.sorted[at] === value) at++
    const behind = Math.abs((window.missing + at) / m - (reference.missing + countUpTo(reference.sorted, value)) / n)
    distance = Math.max(distance, before, behind)
  }
  return distance
}

export function stabilityIndex({ edges, shares }: FeatureDistribution, window: SortedWindow): number {
  let index = 0
  sharesBetween(edges, window).forEach((share, bin) => {
    const [actual, expected] = [Math.max(share, smallestShare), Math.max(shares[bin]!, smallestShare)]
    index += (actual - expected) * Math.log(actual / expected)
  })
  return index
}

function sharesBetween(edges: readonly number[], { sorted, missing }: SortedWindow): number[] {
  const upTo = [...edges.map((edge) => countUpTo(sorted, edge)), sorted.length]
  const counts = [...upTo.map((count, bin) => count - (upTo[bin - 1] ?? 0)), missing]
  return counts.map((count) => count / (sorted.length + missing))
}

/** By linear interpolation, as NumPy's default. */
export function quantile(sorted: Float32Array, share: number): number {
  const position = share * (sorted.length - 1)
  const [low, high] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!]
  return low === high ? low : low + (high - low) * (position - Math.floor(position))
}
