const dayMs = 86_400_000
const isoDate = /^\d{4}-\d{2}-\d{2}$/

// the same few thousand dates come once for every symbol: only real dates are kept, so the maps cannot grow without end
const days = new Map<string, number>()
const texts = new Map<number, string>()
const knownAts = new Map<string, string>()

/** Days since 1970-01-01 of an ISO date, or undefined when there is no such day. */
export function dayOf(session: string): number | undefined {
  const known = days.get(session)
  if (known !== undefined) return known
  if (!isoDate.test(session)) return undefined
  const day = Date.parse(`${session}T00:00:00Z`) / dayMs
  // an engine that rolls 02-30 over to 03-01 would answer another text
  if (Number.isNaN(day) || sessionOf(day) !== session) return undefined
  days.set(session, day)
  return day
}

/** The ISO date of a day since 1970-01-01; equal days share one string. */
export function sessionOf(day: number): string {
  let text = texts.get(day)
  if (text === undefined) texts.set(day, (text = new Date(day * dayMs).toISOString().slice(0, 10)))
  return text
}

/** Midnight UTC at the end of a session: by then its bar was known, whatever the exchange. */
export function assumedKnownAt(session: string): string {
  let text = knownAts.get(session)
  if (text === undefined) knownAts.set(session, (text = new Date(Date.parse(`${session}T00:00:00Z`) + dayMs).toISOString()))
  return text
}

/** The latest date that any place on earth has at `instant` (UTC+14): later sessions cannot have happened. */
export const latestSessionAt = (instant: string) => new Date(Date.parse(instant) + 14 * 3_600_000).toISOString().slice(0, 10)
