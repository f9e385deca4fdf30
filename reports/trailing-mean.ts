/** The mean of each value and up to `span` − 1 before it; null until `span` are there, and wherever one is missing. */
export function trailingMean(values: readonly (number | null)[], span: number): (number | null)[] {
  return values.map((_, end) => {
    const window = values.slice(end - span + 1, end + 1)
    return end + 1 < span || window.includes(null) ? null : window.reduce<number>((sum, value) => sum + value!, 0) / span
  })
}
