/** Qlib's text files: a calendar, one session a line, and instruments, one span a line: `SH600000<tab>from<tab>to`. */
import { dayOf, sessionOf } from '../market/session-days.ts'
import type { UniverseSpan } from '../market/universe.ts'

/** @throws RangeError for a line that is no date after the one before it */
export function readCalendar(text: string): string[] {
  const sessions: string[] = []
  for (const [index, line] of linesOf(text)) {
    const session = dateIn(line)
    if (session === undefined) throw new RangeError(`line ${index}: '${line.slice(0, 40)}' is not a date written YYYY-MM-DD`)
    if (session <= (sessions.at(-1) ?? '')) throw new RangeError(`line ${index}: ${session} does not come after ${sessions.at(-1)}`)
    sessions.push(session)
  }
  return sessions
}

export const writeCalendar = (sessions: readonly string[]) => sessions.map((session) => `${session}\n`).join('')

/** Spans in the order of the file, by the names of its instruments. @throws RangeError for a line that is no span */
export function readInstruments(text: string): UniverseSpan[] {
  const spans: UniverseSpan[] = []
  for (const [index, line] of linesOf(text)) {
    const [symbol = '', from = '', to = ''] = line.split('\t')
    const dates = [dateIn(from), dateIn(to)] as const
    if (symbol === '' || dates[0] === undefined || dates[1] === undefined)
      throw new RangeError(`line ${index}: '${line.slice(0, 60)}' is not an instrument and two dates, separated by tabs`)
    spans.push({ symbol, from: dates[0], to: dates[1] })
  }
  return spans
}

export const writeInstruments = (spans: readonly UniverseSpan[]) =>
  spans.map(({ symbol, from, to }) => `${symbol}\t${from}\t${to}\n`).join('')

/** A date with or without a midnight behind it. */
function dateIn(text: string): string | undefined {
  const day = dayOf(text.replace(/[ T]00:00:00$/, ''))
  return day === undefined ? undefined : sessionOf(day)
}

function* linesOf(text: string): Generator<[number, string]> {
  let index = 0
  for (const line of text.split('\n')) {
    index++
    const trimmed = line.replace(/\r$/, '')
    if (trimmed !== '') yield [index, trimmed]
  }
}
