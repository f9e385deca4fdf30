import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExchangeCalendar } from '#domain/calendar/exchange-calendar.ts'
import { calendarOf, xnys } from '#domain/calendar/calendars.ts'
import { sessionOf } from '#domain/market/session-days.ts'

/** What exchange_calendars answers, by make_calendars.py. */
type Answers = {
  first: string
  last: string
  count: number
  sha256: string
  byYear: Record<string, number>
  asked: [date: string, isSession: boolean, previous: string, next: string, after21: string][]
}

const [firstDay, lastDay] = [Date.parse('1990-01-03') / 86_400_000, Date.parse('2035-12-30') / 86_400_000]
const anyDate = fc.integer({ min: firstDay, max: lastDay }).map(sessionOf)
const anySession = fc.constantFrom(...xnys.sessionsBetween('1990-01-01', '2035-12-31').slice(300, -300))

describe.each([
  ['XNYS', 'xnys'],
  ['XSHG', 'xshg'],
  ['XSHE', 'xshg'],
  ['24/7', '24-7'],
] as const)('the sessions of %s', (name, file) => {
  const calendar = calendarOf(name)
  const answers = JSON.parse(readFileSync(new URL(`./fixtures/${file}-sessions.json`, import.meta.url), 'utf8')) as Answers

  it('are those of exchange_calendars, every one of them', () => {
    const all = calendar.sessionsBetween(answers.first, answers.last)
    expect([calendar.name, calendar.firstSession, calendar.lastSession, all.length]).toEqual([
      name,
      answers.first,
      answers.last,
      answers.count,
    ])
    for (const [year, count] of Object.entries(answers.byYear))
      expect([year, calendar.sessionsBetween(`${year}-01-01`, `${year}-12-31`).length]).toEqual([year, count])
    expect(createHash('sha256').update(all.join('\n')).digest('hex')).toBe(answers.sha256)
  })

  it('are found from any date as exchange_calendars finds them', () => {
    const ours = answers.asked.map(([date]) => {
      const next = calendar.nextSession(date)
      const from = calendar.isSession(date) ? date : next
      return [date, calendar.isSession(date), calendar.previousSession(date), next, calendar.addSessions(from, 21)]
    })
    expect(ours).toEqual(answers.asked)
  })
})

describe('the way from session to session', () => {
  it('leads back: next and previous are each other’s inverse, and there is nothing between them', () => {
    fc.assert(
      fc.property(anyDate, (date) => {
        const [before, after] = [xnys.previousSession(date), xnys.nextSession(date)]
        const own = xnys.isSession(date) ? [date] : []
        expect(before < date && date < after).toBe(true)
        expect(xnys.sessionsBetween(before, after)).toEqual([before, ...own, after])
        expect(xnys.nextSession(before)).toBe(own[0] ?? after)
        expect(xnys.previousSession(after)).toBe(own[0] ?? before)
      }),
    )
  })

  it('adds up: steps one by one are the steps at once, there and back', () => {
    fc.assert(
      fc.property(anySession, fc.integer({ min: -200, max: 200 }), fc.integer({ min: -100, max: 100 }), (session, m, n) => {
        expect(xnys.addSessions(session, 0)).toBe(session)
        expect(xnys.addSessions(session, 1)).toBe(xnys.nextSession(session))
        expect(xnys.addSessions(xnys.addSessions(session, m), n)).toBe(xnys.addSessions(session, m + n))
        expect(xnys.sessionsBetween(session, xnys.addSessions(session, Math.abs(m)))).toHaveLength(Math.abs(m) + 1)
      }),
    )
  })
})

describe('what the calendar does not know', () => {
  it('is said: other years, other texts, and the ends', () => {
    expect(() => xnys.isSession('1989-12-29')).toThrow('knows the years 1990 to 2035, not 1989-12-29')
    expect(() => xnys.nextSession('2036-01-02')).toThrow(RangeError)
    expect(() => xnys.nextSession(xnys.lastSession)).toThrow('ends at 2035-12-31')
    expect(() => xnys.previousSession(xnys.firstSession)).toThrow('ends at 1990-01-02')
    expect(() => xnys.isSession('2008-2-1')).toThrow('not a date')
    expect(() => xnys.addSessions('2008-05-31', 1)).toThrow('2008-05-31 is no session of XNYS')
    expect(xnys.sessionsBetween('2008-06-03', '2008-06-02')).toEqual([])
  })

  it('is told apart from what has no session', () => {
    expect(calendarOf('XSHG').knows('2026-12-31')).toBe(true)
    expect(calendarOf('XSHG').knows('2027-01-04')).toBe(false)
    expect(() => calendarOf('XSHG').isSession('2027-01-04')).toThrow('the calendar of XSHG knows the years 1991 to 2026, not 2027-01-04')
  })

  it('is told by the name of the exchange that was asked', () => {
    const nowhere = new ExchangeCalendar('NOWHERE', { 2020: '01-01' })
    expect(nowhere.firstSession).toBe('2020-01-02')
    expect(() => nowhere.isSession('2021-01-04')).toThrow('the calendar of NOWHERE knows the years 2020 to 2020')
  })
})
