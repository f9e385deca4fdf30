import { compareText } from '../market/actions.ts'
import { groupOf } from '../market/chunk-layout.ts'

/** The shards of a build at most. */
export const mostGroups = 64

/**
 * Symbols cut into groups that are computed and cached together. Few symbols have a group each; of many, a symbol's own
 * name says its group, so that a new listing leaves the other groups as they were. Groups and symbols are in order.
 */
export function groupSymbols(symbols: readonly string[]): string[][] {
  const ordered = [...symbols].sort(compareText)
  if (ordered.length <= mostGroups) return ordered.map((symbol) => [symbol])
  const groups = Array.from({ length: mostGroups }, (): string[] => [])
  for (const symbol of ordered) groups[groupOf(symbol, mostGroups)]!.push(symbol)
  return groups.filter((group) => group.length > 0)
}
