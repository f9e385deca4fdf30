import { calendarOf } from '#domain/calendar/calendars.ts'
import { listingEnds, refuseAfterEnd } from '#domain/market/listings.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import type { SourceFacts } from './connector.ts'

/** Why a bar that was read has no place in its dataset, or undefined: what the source says beside it decides. */
export function admissionOf(facts: SourceFacts): (bar: BarRow) => string | undefined {
  const ends = listingEnds(facts.actions ?? [])
  const offCalendar = refusalOffCalendar(facts.calendar)
  return (bar) => (ends.size === 0 ? undefined : refuseAfterEnd(bar, ends)) ?? offCalendar?.(bar)
}

function refusalOffCalendar(calendar: SourceFacts['calendar']): ((bar: BarRow) => string | undefined) | undefined {
  // a guess refuses nothing, and what a source's own calendar lists is what it has bars for
  if (calendar.kind === 'own' || calendar.basis === 'assumed') return undefined
  const exchange = calendarOf(calendar.name)
  // the same few thousand dates come once for every symbol
  const refusals = new Map<string, string | undefined>()
  return ({ session }) => {
    if (!refusals.has(session))
      refusals.set(
        session,
        exchange.knows(session) && !exchange.isSession(session) ? `${session} is no session of ${exchange.name}` : undefined,
      )
    return refusals.get(session)
  }
}
