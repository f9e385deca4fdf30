/**
 * Location and scale that outliers do not move: the median, and 1.4826 times the median absolute deviation from it (MAD),
 * which estimates the standard deviation of normal values (Rousseeuw & Croux 1993; SciPy's
 * `median_abs_deviation(scale='normal')`). NaN is left out. Cost: two sorts.
 */
export type RobustScale = { median: number; scale: number }

/** By this the MAD of normal values is their standard deviation: 1 / Φ⁻¹(3/4). */
const madToDeviation = 1.482602218505602

/** Undefined for no values. `scale` is 0 when more than half of them are equal. */
export function robustScale(values: Float64Array): RobustScale | undefined {
  const finite = values.filter((value) => !Number.isNaN(value))
  if (finite.length === 0) return undefined
  const median = medianOf(finite)
  return { median, scale: madToDeviation * medianOf(finite.map((value) => Math.abs(value - median))) }
}

function medianOf(values: Float64Array): number {
  const sorted = values.sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
