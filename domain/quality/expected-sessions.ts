/**
 * Which sessions a snapshot should have. An exchange's calendar is taken when nearly all bars lie on its sessions and
 * at least half of its sessions have a bar; else the data's own: days on which at least a tenth of the symbols then listed
 * have one. Own sessions cannot show a day that every symbol lacks.
 */
import { dayOf, sessionOf } from '../market/session-days.ts'

/** As `ExchangeCalendar`: it answers within the years that it knows. */
export type KnownCalendar = {
  readonly name: string
  readonly firstSession: string
  readonly lastSession: string
  sessionsBetween(from: string, to: string): string[]
}

/** How many symbols have a bar on a day, and how many are listed, from their first bar to their last. */
export type DayCount = { day: number; present: number; listed: number }

/** `days` ascend. */
export type ExpectedSessions = { calendar: { name: string; basis: 'exchange' | 'own' }; days: number[] }

const barsOnSessions = 0.98
/** weekly bars lie on an exchange's sessions too, but on a fifth of them */
const sessionsWithBars = 0.5
const ownShare = 0.1

/** `counts` hold every day with a bar, ascending. Cost: linear in the days, for each calendar. */
export function expectedSessions(counts: readonly DayCount[], calendars: readonly KnownCalendar[]): ExpectedSessions {
  const fits = calendars.flatMap((calendar) => {
    const days = daysOf(calendar, counts)
    if (days === undefined) return []
    const sessions = new Set(days)
    const bars = sum(counts, ({ present }) => present)
    const hits = counts.filter(({ day }) => sessions.has(day))
    const [on, covered] = [sum(hits, ({ present }) => present) / bars, hits.length / days.length]
    return on >= barsOnSessions && covered >= sessionsWithBars ? [{ name: calendar.name, days, fit: on * covered }] : []
  })
  const [best] = fits.sort((a, b) => b.fit - a.fit || (a.name < b.name ? -1 : 1))
  if (best !== undefined) return { calendar: { name: best.name, basis: 'exchange' }, days: best.days }
  const own = counts.filter(({ present, listed }) => present >= ownShare * listed)
  return { calendar: { name: 'own', basis: 'own' }, days: own.map(({ day }) => day) }
}

/** Undefined where the calendar does not know all the years. */
function daysOf(calendar: KnownCalendar, counts: readonly DayCount[]): number[] | undefined {
  const [first, last] = [sessionOf(counts[0]!.day), sessionOf(counts.at(-1)!.day)]
  if (first < calendar.firstSession || last > calendar.lastSession) return undefined
  const days = calendar.sessionsBetween(first, last).map((session) => dayOf(session)!)
  return days.length === 0 ? undefined : days
}

const sum = <T>(items: readonly T[], of: (item: T) => number) => items.reduce((total, item) => total + of(item), 0)
