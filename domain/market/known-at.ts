/**
 * What of a symbol was known at an instant: its bars and actions whose `knownAt` is not later. An action that was not
 * known yet adjusts nothing, though its ex-date had passed. Cost: linear.
 */
import type { CorporateAction } from './actions.ts'
import { type BarColumns, mapNumbers } from './bars.ts'

/** The bars themselves where all were known. */
export function barsKnownAt(bars: BarColumns, instant: string): BarColumns {
  const known = bars.knownAt.map((at) => isKnown(at, instant))
  if (!known.includes(false)) return bars
  return {
    symbol: bars.symbol,
    sessions: bars.sessions.filter((_, row) => known[row]),
    ...mapNumbers(bars, (column) => column.filter((_, row) => known[row])),
    knownAt: bars.knownAt.filter((_, row) => known[row]),
  }
}

export const actionsKnownAt = (actions: readonly CorporateAction[], instant: string): CorporateAction[] =>
  actions.filter(({ knownAt }) => isKnown(knownAt, instant))

const isKnown = (knownAt: string, instant: string) => Date.parse(knownAt) <= Date.parse(instant)
