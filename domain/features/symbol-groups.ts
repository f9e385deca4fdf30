import { compareText } from '../market/actions.ts'
import { finestGroups, groupOf } from '../market/chunk-layout.ts'

/** `group` is the number of the group among all, which also says when its years end. */
export type SymbolGroup = { group: number; symbols: string[] }

const symbolsPerGroup = 80

/**
 * Symbols cut into groups that are computed and stored together: about eighty in each, at most 32 groups. A symbol's own
 * name says its group, so that a new listing leaves the other groups as they were; a snapshot's chunks are of symbols of
 * one group (market/chunk-layout.ts). Groups and symbols are in order.
 */
export function groupSymbols(symbols: readonly string[]): SymbolGroup[] {
  let count = 1
  while (count < finestGroups && symbols.length / count > symbolsPerGroup * Math.SQRT2) count *= 2
  const groups = Array.from({ length: count }, (_, group): SymbolGroup => ({ group, symbols: [] }))
  for (const symbol of [...symbols].sort(compareText)) groups[groupOf(symbol, count)]!.symbols.push(symbol)
  return groups.filter((group) => group.symbols.length > 0)
}
