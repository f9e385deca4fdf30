/**
 * Rows to judge forecasts on: one symbol and one session each, in any order, with the realised label in its own units.
 * Every forecaster is judged on the same rows, so none of the numbers is missing.
 */
export type Panel = {
  /** a number for each symbol */
  symbols: Int32Array
  /** days since 1970-01-01 */
  sessions: Int32Array
  labels: Float64Array
}

/** Row numbers by key, keys ascending. */
export function groupRows(keys: Int32Array): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const key of [...new Set(keys)].sort((a, b) => a - b)) groups.set(key, [])
  keys.forEach((key, row) => groups.get(key)!.push(row))
  return groups
}

export const take = (values: Float64Array, rows: number[]): Float64Array => Float64Array.from(rows, (row) => values[row]!)
