/**
 * The rows of a build, as Qlib has them: a symbol's rows are its calendar's sessions from its first bar to its last. A
 * session without a bar, as in a suspension, is a row of NaN that windows and `Ref` cross. A bar on a day that is no
 * session of the calendar keeps its row. A symbol has at most as many rows as its calendar has sessions, and bars. Cost:
 * linear in the rows.
 */
import type { Expression } from '../expressions/expression.ts'
import { reach, skipsGaps } from '../expressions/reach.ts'
import type { BarRows } from '../expressions/starts.ts'
import { type BarColumns, mapNumbers } from '../market/bars.ts'
import { monthOf } from '../market/month-contents.ts'
import { assumedKnownAt } from '../market/session-days.ts'
import { sha256 } from '../sha256.ts'
import { firstFrom } from './slices.ts'

/**
 * The bars with a row for each session of `calendar` (ascending) from `since`, by default the first bar, to the last bar;
 * the bars themselves when none lacks. That nothing was traded is known when the session is over.
 */
export function onCalendar(bars: BarColumns, calendar: readonly string[], since = bars.sessions[0]): BarColumns {
  if (since === undefined || lacksNone(bars.sessions, calendar, since)) return bars
  const { sessions, barOf } = rowsFrom(since, bars.sessions, calendar)
  const spread = (column: Float64Array) => {
    const rows = new Float64Array(sessions.length)
    for (let row = 0; row < rows.length; row++) rows[row] = barOf[row] === -1 ? Number.NaN : column[barOf[row]!]!
    return rows
  }
  return {
    symbol: bars.symbol,
    sessions,
    ...mapNumbers(bars, spread),
    // bars that features read come without
    knownAt: bars.knownAt.length === 0 ? [] : sessions.map((session, row) => bars.knownAt[barOf[row]!] ?? assumedKnownAt(session)),
  }
}

/** Whether each of the calendar's sessions from `since` to the last bar has one. Both ascend. */
function lacksNone(bars: readonly string[], calendar: readonly string[], since: string): boolean {
  let next = firstFrom(calendar, since)
  for (const bar of bars) {
    if (next < calendar.length && calendar[next]! < bar) return false
    if (calendar[next] === bar) next++
  }
  return true
}

/** Both ascend; `barOf` is the bar of each row, or -1. */
function rowsFrom(since: string, bars: readonly string[], calendar: readonly string[]): { sessions: string[]; barOf: number[] } {
  const sessions: string[] = []
  const barOf: number[] = []
  let next = firstFrom(calendar, since)
  for (const [bar, session] of bars.entries()) {
    for (; next < calendar.length && calendar[next]! < session; next++) {
      sessions.push(calendar[next]!)
      barOf.push(-1)
    }
    if (calendar[next] === session) next++
    sessions.push(session)
    barOf.push(bar)
  }
  return { sessions, barOf }
}

/** Of the rows before `to`: every bar has a close. */
export const countBars = ({ close }: Pick<BarColumns, 'close'>, to = close.length): number => {
  let bars = 0
  for (let row = 0; row < to; row++) if (!Number.isNaN(close[row])) bars++
  return bars
}

/** The bars of a symbol's rows, both counted from its first, of which `earlier` are not at hand. */
export function barRows({ close }: Pick<BarColumns, 'close'>, earlier: { rows: number; bars: number }): BarRows {
  const rows: number[] = []
  const before: number[] = []
  for (let row = 0; row < close.length; row++) {
    before.push(earlier.bars + rows.length)
    if (!Number.isNaN(close[row])) rows.push(earlier.rows + row)
  }
  return {
    before: (row) => (row < earlier.rows ? 0 : (before[row - earlier.rows] ?? earlier.bars + rows.length)),
    rowOf: (bar) => (bar < earlier.bars ? 0 : (rows[bar - earlier.bars] ?? earlier.rows + close.length)),
  }
}

/** Whether a value of one of the expressions depends on all rows before it. */
export const readsAll = (expressions: readonly Expression[], bars: Pick<BarColumns, 'close'>): boolean => {
  const gaps = countBars(bars) < bars.close.length
  return expressions.some((expression) => reach(expression).recursive || (gaps && skipsGaps(expression)))
}

type Span = { symbol: string; firstSession: string; lastSession: string }

/**
 * By month what decides which rows without a bar lie in it: its sessions, and which symbols have no bar after the last of
 * them, so that their rows end before. Months in which no symbol is listed are left out. With the bars up to a month this
 * tells all rows up to it, whatever comes later.
 */
export function calendarContents(calendar: readonly string[], spans: readonly Span[]): Map<string, string> {
  const contents = new Map<string, string>()
  const earliest = spans.reduce((least, { firstSession }) => (firstSession < least ? firstSession : least), '9999')
  const latest = spans.reduce((most, { lastSession }) => (lastSession > most ? lastSession : most), '')
  for (const [month, { hash, first, last }] of monthsOf(calendar)) {
    if (last < earliest || first > latest) continue
    const listed = spans.filter(({ firstSession }) => firstSession <= last)
    if (!listed.some(({ lastSession }) => lastSession >= first)) continue
    const over = listed.filter(({ lastSession }) => lastSession < last)
    contents.set(month, [hash, ...over.map(({ symbol }) => symbol)].join(' '))
  }
  return contents
}

type MonthOfCalendar = { hash: string; first: string; last: string }

/** One group after another asks for the same calendar. */
const known = new WeakMap<readonly string[], Map<string, MonthOfCalendar>>()

function monthsOf(calendar: readonly string[]): Map<string, MonthOfCalendar> {
  const found = known.get(calendar)
  if (found !== undefined) return found
  const months = new Map<string, MonthOfCalendar>()
  for (let from = 0; from < calendar.length;) {
    const month = monthOf(calendar[from]!)
    const to = firstFrom(calendar, `${month}-99`)
    const sessions = calendar.slice(from, to)
    months.set(month, { hash: sha256(sessions.join()), first: sessions[0]!, last: sessions.at(-1)! })
    from = to
  }
  known.set(calendar, months)
  return months
}
