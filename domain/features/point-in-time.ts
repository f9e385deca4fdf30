/**
 * Which row of features was known at a time. A row is known once everything is that its values were computed from: the
 * bars that it reads (its own and those within the longest look-back; all before it, where a feature is recursive) and
 * the corporate actions up to its session. The row of a time is the one of the latest session that was known by then.
 */
import type { CorporateAction } from '../market/actions.ts'
import type { BarColumns } from '../market/bars.ts'

/**
 * When each row became known, in milliseconds since 1970. `lookback` is in sessions, the row's own included; undefined
 * when features reach back without bound.
 */
export function knownTimes(
  bars: Pick<BarColumns, 'sessions' | 'knownAt'>,
  actions: readonly Pick<CorporateAction, 'exDate' | 'knownAt'>[],
  lookback: number | undefined,
): Float64Array {
  const own = Float64Array.from(bars.knownAt, (text) => Date.parse(text))
  const due = [...actions].sort((a, b) => (a.exDate < b.exDate ? -1 : 1))
  const known = new Float64Array(own.length)
  let [next, ofActions] = [0, Number.NEGATIVE_INFINITY]
  for (let row = 0; row < own.length; row++) {
    for (; next < due.length && due[next]!.exDate <= bars.sessions[row]!; next++)
      ofActions = Math.max(ofActions, Date.parse(due[next]!.knownAt))
    const ofBars = lookback === undefined ? Math.max(own[row]!, known[row - 1] ?? own[row]!) : latest(own, row + 1 - lookback, row)
    known[row] = Math.max(ofBars, ofActions)
  }
  return known
}

/**
 * When rows became known that read other symbols: not before all symbols' rows were of each session within the look-back.
 * `market` tells of a session when the last of these was known; one that it does not know waits for nobody.
 */
export function withMarket(
  own: Float64Array,
  sessions: readonly string[],
  market: ReadonlyMap<string, number>,
  lookback: number | undefined,
): Float64Array {
  const others = Float64Array.from(sessions, (session) => market.get(session) ?? Number.NEGATIVE_INFINITY)
  const known = new Float64Array(own.length)
  for (let row = 0; row < own.length; row++) {
    const before = lookback === undefined ? Math.max(others[row]!, known[row - 1] ?? others[row]!) : latest(others, row + 1 - lookback, row)
    known[row] = Math.max(own[row]!, before)
  }
  return known
}

/** The last row that was known at an instant, or -1. */
export function rowKnownBy(known: Float64Array, instant: number): number {
  for (let row = known.length - 1; row >= 0; row--) if (known[row]! <= instant) return row
  return -1
}

function latest(values: Float64Array, from: number, to: number): number {
  let highest = values[to]!
  for (let row = Math.max(0, from); row < to; row++) highest = Math.max(highest, values[row]!)
  return highest
}
