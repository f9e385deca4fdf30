const dayMs = 86_400_000

/** Texts of the days of three centuries, made when they are asked for: the same few thousand come once for every symbol. */
const firstDay = -54_787
const lastDay = 109_572
const sessions: string[] = []
const midnights: string[] = []

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const isLeap = (year: number) => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0

/** Days since 1970-01-01 of an ISO date, or undefined when there is no such day. */
export function dayOf(session: string): number | undefined {
  if (session.length !== 10 || session[4] !== '-' || session[7] !== '-') return undefined
  const year = digits(session, 0, 4)
  const month = digits(session, 5, 7)
  const day = digits(session, 8, 10)
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1)) return undefined
  if (day > monthDays[month - 1]! + (month === 2 && isLeap(year) ? 1 : 0)) return undefined
  // years from March on, so that the leap day is the last: a count of days in whole eras of 400 years
  const counted = month > 2 ? year : year - 1
  const era = Math.floor(counted / 400)
  const yearOfEra = counted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

let latest: { sessions: readonly string[]; days: Int32Array } = { sessions: [], days: new Int32Array() }

/**
 * The days of sessions, for reading only. Symbols of one market have the same sessions, so those that were asked for last
 * are compared before any is parsed.
 *
 * @throws RangeError for a session that is no date
 */
export function daysOf(sessions: readonly string[]): Int32Array {
  if (!isEqual(sessions, latest.sessions)) latest = { sessions: [...sessions], days: Int32Array.from(sessions, dayOrThrow) }
  return latest.days
}

function isEqual(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let row = 0; row < one.length; row++) if (one[row] !== other[row]) return false
  return true
}

/** @throws RangeError for a session that is no date */
export function dayOrThrow(session: string): number {
  const day = dayOf(session)
  if (day === undefined) throw new RangeError(`'${session}' is no date`)
  return day
}

/** The number that digits write, or NaN. */
function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

/** The ISO date of a day since 1970-01-01; equal days share one string. */
export function sessionOf(day: number): string {
  if (!(day >= firstDay && day <= lastDay)) return midnightOf(day).slice(0, 10)
  return (sessions[day - firstDay] ??= midnightOf(day).slice(0, 10))
}

/** Midnight UTC at the end of a session: by then its bar was known, whatever the exchange. */
export const assumedKnownAt = (session: string): string => instantText((dayOf(session)! + 1) * dayMs)

/** The same of a day since 1970-01-01. */
export const assumedKnownAtOf = (day: number): string =>
  day >= firstDay && day < lastDay ? (midnights[day + 1 - firstDay] ??= midnightOf(day + 1)) : instantText(assumedInstant(day))

/** The instant of `assumedKnownAt`, in milliseconds since 1970-01-01. */
export const assumedInstant = (day: number): number => (day + 1) * dayMs

/** The ISO timestamp of milliseconds since 1970-01-01; equal midnights share one string. */
export function instantText(instant: number): string {
  const day = instant / dayMs
  if (!Number.isInteger(day) || day < firstDay || day > lastDay) return new Date(instant).toISOString()
  return (midnights[day - firstDay] ??= midnightOf(day))
}

/** Milliseconds since 1970-01-01 of an ISO timestamp. That of a bar of `day` is most often the assumed one, and not parsed. */
export const instantOf = (text: string, day: number): number =>
  text === instantText(assumedInstant(day)) ? assumedInstant(day) : Date.parse(text)

/** The text of each number. */
export function textsOf(values: ArrayLike<number>, textOf: (value: number) => string): string[] {
  const texts = new Array<string>(values.length)
  for (let row = 0; row < texts.length; row++) texts[row] = textOf(values[row]!)
  return texts
}

const midnightOf = (day: number) => new Date(day * dayMs).toISOString()

/** The latest date that any place on earth has at `instant` (UTC+14): later sessions cannot have happened. */
export const latestSessionAt = (instant: string) => new Date(Date.parse(instant) + 14 * 3_600_000).toISOString().slice(0, 10)
