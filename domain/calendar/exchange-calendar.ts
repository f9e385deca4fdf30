/**
 * The sessions of an exchange: its weekdays, or every day, less its closures. Dates are ISO text of the exchange's own
 * day. Answers are exact within the years that the closures are given for; outside them there is no answer but a
 * RangeError. Cost: the sessions are laid out once, at the first question; then each question is a binary search.
 */
import { dayOf, sessionOf } from '../market/session-days.ts'

export class ExchangeCalendar {
  readonly name: string
  private readonly closures: Readonly<Record<number, string>>
  private readonly week: 'weekdays' | 'every-day'
  private laidOut: readonly number[] | undefined
  private inWords: readonly string[] | undefined

  /** `closures` are days of the week without trading, as MM-DD separated by spaces, of every year that the calendar knows. */
  constructor(name: string, closures: Readonly<Record<number, string>>, week: 'weekdays' | 'every-day' = 'weekdays') {
    this.name = name
    this.closures = closures
    this.week = week
  }

  get firstSession(): string {
    return sessionOf(this.days()[0]!)
  }

  get lastSession(): string {
    return sessionOf(this.days().at(-1)!)
  }

  /** Every session that the calendar knows, ascending. */
  get sessions(): readonly string[] {
    return (this.inWords ??= this.days().map(sessionOf))
  }

  /** Whether the year of a date is one that the calendar can tell of. */
  knows(date: string): boolean {
    return this.closures[Number(date.slice(0, 4))] !== undefined
  }

  isSession(date: string): boolean {
    const index = this.indexFrom(date)
    return this.days()[index] === dayOf(date)
  }

  /** The first session after a date, be it a session or not. @throws RangeError past the last known session */
  nextSession(date: string): string {
    return this.at(this.indexFrom(date) + (this.isSession(date) ? 1 : 0), date)
  }

  /** The last session before a date, be it a session or not. @throws RangeError before the first known session */
  previousSession(date: string): string {
    return this.at(this.indexFrom(date) - 1, date)
  }

  /** Every session from one date to another, both included, ascending; none when `to` is before `from`. */
  sessionsBetween(from: string, to: string): string[] {
    const end = this.indexFrom(to) + (this.isSession(to) ? 1 : 0)
    return this.days().slice(this.indexFrom(from), end).map(sessionOf)
  }

  /** The session `count` sessions after another, or before it when negative. @throws RangeError for a date that is no session */
  addSessions(session: string, count: number): string {
    if (!this.isSession(session)) throw new RangeError(`${session} is no session of ${this.name}`)
    return this.at(this.indexFrom(session) + count, session)
  }

  /** Of the first session at or after a date. */
  private indexFrom(date: string): number {
    const day = dayOf(date)
    const years = Object.keys(this.closures)
    if (day === undefined) throw new RangeError(`'${date}' is not a date written YYYY-MM-DD`)
    if (!this.knows(date)) throw new RangeError(`the calendar of ${this.name} knows the years ${years[0]} to ${years.at(-1)}, not ${date}`)
    const days = this.days()
    let low = 0
    let high = days.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (days[middle]! < day) low = middle + 1
      else high = middle
    }
    return low
  }

  private at(index: number, asked: string): string {
    const day = this.days()[index]
    if (day === undefined)
      throw new RangeError(`the calendar of ${this.name} ends at ${index < 0 ? this.firstSession : this.lastSession}: asked from ${asked}`)
    return sessionOf(day)
  }

  private days(): readonly number[] {
    return (this.laidOut ??= Object.entries(this.closures).flatMap(([year, closed]) =>
      sessionsOf(year, new Set(closed.split(' ')), this.week === 'every-day'),
    ))
  }
}

function sessionsOf(year: string, closed: ReadonlySet<string>, weekends: boolean): number[] {
  const days: number[] = []
  for (let day = dayOf(`${year}-01-01`)!; ; day++) {
    const date = sessionOf(day)
    if (!date.startsWith(year)) return days
    if ((weekends || !isWeekend(day)) && !closed.has(date.slice(5))) days.push(day)
  }
}

/** Day 0, 1970-01-01, was a Thursday. */
const isWeekend = (day: number) => [2, 3].includes(((day % 7) + 7) % 7)
