/**
 * Latencies as counts by bucket. `bounds` are the buckets' upper bounds, ascending; what is slower falls into one more
 * bucket, at the end of the counts.
 */

export const bucketOf = (bounds: readonly number[], value: number): number => {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= bounds[middle]!) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * The quantile as Prometheus reads it from a histogram: within its bucket by linear interpolation, and the highest bound
 * for what is slower than all of them. Null when nothing was counted.
 */
export function quantileOf(bounds: readonly number[], counts: readonly number[], quantile: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = quantile * total
  let below = 0
  for (const [index, upper] of bounds.entries()) {
    const count = counts[index] ?? 0
    if (below + count >= rank && count > 0) {
      const lower = bounds[index - 1] ?? 0
      return lower + ((upper - lower) * (rank - below)) / count
    }
    below += count
  }
  return bounds.at(-1) ?? null
}

/** How many are surely slower than `limit`: those of the buckets that begin at or above it. */
export const slowerThan = (bounds: readonly number[], counts: readonly number[], limit: number): number =>
  counts.reduce((sum, count, index) => ((bounds[index - 1] ?? 0) >= limit ? sum + count : sum), 0)
