/** The names closest to a misspelt one, case aside: at most three, those that begin with it first, none too far. */
export function nearest(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase()
  return [...names]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.ceil(candidate.length / 3))
    .sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

const distanceOf = (wanted: string, name: string) => (wanted.length > 1 && name.startsWith(wanted) ? 0.5 : editDistance(wanted, name))

/** Levenshtein's distance, over one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++)
      current[column] = Math.min(
        before[column]! + 1,
        current[column - 1]! + 1,
        before[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1),
      )
    before = current
  }
  return before[b.length]!
}
