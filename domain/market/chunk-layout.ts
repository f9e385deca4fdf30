/**
 * Which chunk of a snapshot a bar belongs to. The layout is a function of the content alone, so equal content is cut
 * into equal chunks, and it is made for small changes:
 *
 * - symbols are spread by a hash over groups of about ten (1 to 32 groups), so that one symbol reads one group;
 * - within a group, years that are over are one chunk each, and the months since then are one chunk each;
 * - the year of group g ends with month g mod 12, so that no single session closes the years of all groups.
 *
 * For 300 symbols × 2,500 sessions that is about 500 chunks. A new session rewrites the current month (below 1 %), and
 * the first of a month also closes a twelfth of the groups' years (below 1 %); a revised bar rewrites a year of a group
 * (0.3 %). The number of groups doubles as the symbols do, which then cuts everything anew.
 */
import { createHash } from 'node:crypto'
import { groupBy } from '../group-by.ts'

const symbolsPerGroup = 10
/** Each number of groups divides it. */
export const finestGroups = 32

/** A power of two, so that growing universes seldom cut anew. */
export function groupCount(symbols: number): number {
  let groups = 1
  while (groups < finestGroups && symbols / groups > symbolsPerGroup * Math.SQRT2) groups *= 2
  return groups
}

/** The group of a symbol, from 0: the same whatever other symbols there are. */
export const groupOf = (symbol: string, groups: number) => createHash('sha256').update(symbol).digest().readUInt32LE(0) % groups

/** All bars of a snapshot, one item a symbol, spread over the groups of their symbols, in the order of the groups. */
export function inGroups<T extends { symbol: string }>(all: readonly T[]): { group: number; symbols: T[] }[] {
  const groups = groupCount(all.length)
  return [...groupBy(all, ({ symbol }) => groupOf(symbol, groups))]
    .map(([group, symbols]) => ({ group, symbols }))
    .sort((a, b) => a.group - b.group)
}

/** A name for the period of `session` in a group, given the last session of the whole snapshot. */
export function periodOf(session: string, group: number, lastSession: string): string {
  const month = monthOf(session)
  const year = Math.floor((month + group) / 12)
  const finalMonth = year * 12 + 11 - group
  return finalMonth < monthOf(lastSession) ? `year-${year}` : `month-${month}`
}

const monthOf = (session: string) => Number(session.slice(0, 4)) * 12 + Number(session.slice(5, 7)) - 1
