/** Which of the expected sessions a symbol has, from its first bar to its last: gaps, and how full each month is. */
import { sessionOf } from '../market/session-days.ts'
import type { DaySet } from './day-set.ts'
import type { Run } from './stale-runs.ts'

export type Gap = Run & { symbol: string }

/** `present` of `expected` sessions in a month written YYYY-MM. */
export type MonthCount = { month: string; expected: number; present: number }

export type SymbolCoverage = {
  expected: number
  present: number
  gaps: Gap[]
  /** every month of the span, ascending */
  months: MonthCount[]
  /** bars on days that are no sessions */
  offCalendar: number
}

export type Span = { symbol: string; firstDay: number; lastDay: number; rows: number; days: DaySet }

/** An expected session, with its month written YYYY-MM. */
export type ExpectedSession = { day: number; month: string }

/** `sessions` ascend. Cost: linear in the sessions of the span. */
export function coverageOf({ symbol, firstDay, lastDay, rows, days }: Span, sessions: readonly ExpectedSession[]): SymbolCoverage {
  const gaps: Gap[] = []
  const months: MonthCount[] = []
  let present = 0
  let expected = 0
  let missing: number[] = []
  const close = () => {
    if (missing.length > 0) gaps.push({ symbol, from: sessionOf(missing[0]!), to: sessionOf(missing.at(-1)!), sessions: missing.length })
    missing = []
  }
  for (let at = firstAtOrAfter(sessions, firstDay); at < sessions.length && sessions[at]!.day <= lastDay; at++) {
    const { day, month } = sessions[at]!
    if (months.at(-1)?.month !== month) months.push({ month, expected: 0, present: 0 })
    const count = months.at(-1)!
    expected++
    count.expected++
    if (days.has(day)) {
      present++
      count.present++
      close()
    } else missing.push(day)
  }
  close()
  return { expected, present, gaps, months, offCalendar: rows - present }
}

function firstAtOrAfter(sorted: readonly ExpectedSession[], day: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.day < day) low = middle + 1
    else high = middle
  }
  return low
}
