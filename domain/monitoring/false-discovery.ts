/**
 * Benjamini and Hochberg's (1995) adjusted p-values, in the order of the given ones: those at most q are called at a
 * false discovery rate of q. O(m log m).
 */
export function adjustForDiscoveries(pValues: readonly number[]): number[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[b]! - pValues[a]!)
  const adjusted = new Array<number>(pValues.length)
  let smallest = 1
  order.forEach((index, position) => {
    const rank = pValues.length - position
    smallest = Math.min(smallest, (pValues[index]! * pValues.length) / rank)
    adjusted[index] = smallest
  })
  return adjusted
}
