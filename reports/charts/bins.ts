/**
 * Equal bins over the range of the values, as many as the square root of their number (at least 5, at most 40).
 * A bin holds its lower edge, the last also its upper one.
 */
export function bins(values: readonly number[]): { from: number; to: number; count: number }[] {
  if (values.length === 0) return []
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const number = Math.min(40, Math.max(5, Math.round(Math.sqrt(values.length))))
  const width = (high - low || 1) / number
  const edges = Array.from({ length: number }, (_, i) => ({ from: low + i * width, to: low + (i + 1) * width, count: 0 }))
  for (const value of values) edges[Math.min(number - 1, Math.floor((value - low) / width))]!.count++
  return edges
}
