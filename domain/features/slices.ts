/**
 * A shard holds the rows of a group of symbols on a slice of sessions. Slices follow from the group's bars alone, never
 * from earlier builds: a year that is over is one, and the months since then are one each. The year of a group ends with
 * a month of its own, as that of a chunk does (market/chunk-layout.ts), so that no session closes the years of all groups.
 */
import { periodOf } from '../market/chunk-layout.ts'

/** Months (`2026-11`), ascending, of which the group has rows. */
export type Slice = { months: string[] }

/** The slices of a group with rows in these months, ascending. */
export function cutSlices(months: readonly string[], group: number): Slice[] {
  const slices = new Map<string, Slice>()
  for (const month of months) {
    const period = periodOf(month, group, months.at(-1)!)
    const slice = slices.get(period) ?? { months: [] }
    slice.months.push(month)
    slices.set(period, slice)
  }
  return [...slices.values()]
}

/** The rows of a slice among sessions that ascend: `from` up to, not including, `to`. */
export function rowsOf({ months }: Slice, sessions: readonly string[]): { from: number; to: number } {
  return { from: firstFrom(sessions, months[0]!), to: firstFrom(sessions, `${months.at(-1)!}-99`) }
}

/** The first of the sessions (ascending) at or after `bound`, by text. */
export function firstFrom(sessions: readonly string[], bound: string): number {
  let [low, high] = [0, sessions.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sessions[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
