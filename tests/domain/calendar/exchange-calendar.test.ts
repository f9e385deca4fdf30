import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExchangeCalendar } from '#domain/calendar/exchange-calendar.ts'
import { xnys } from '#domain/calendar/xnys.ts'
import { sessionOf } from '#domain/market/session-days.ts'

/** What exchange_calendars answers, by make_xnys.py. */
type Answers = {
  first: string
  last: string
  count: number
  sha256: string
  byYear: Record<string, number>
  asked: [date: string, isSession: boolean, previous: string, next: string, after21: string][]
}
const answers = JSON.parse(readFileSync(new URL('./fixtures/xnys-sessions.json', import.meta.url), 'utf8')) as Answers

const [firstDay, lastDay] = [Date.parse('1990-01-03') / 86_400_000, Date.parse('2035-12-30') / 86_400_000]
const anyDate = fc.integer({ min: firstDay, max: lastDay }).map(sessionOf)
const all = xnys.sessionsBetween('1990-01-01', '2035-12-31')
const anySession = fc.constantFrom(...all.slice(300, -300))

describe('the sessions of XNYS', () => {
  it('are those of exchange_calendars, every one of them', () => {
    expect([xnys.firstSession, xnys.lastSession, all.length]).toEqual([answers.first, answers.last, answers.count])
    for (const [year, count] of Object.entries(answers.byYear))
      expect([year, xnys.sessionsBetween(`${year}-01-01`, `${year}-12-31`).length]).toEqual([year, count])
    expect(createHash('sha256').update(all.join('\n')).digest('hex')).toBe(answers.sha256)
  })

  it('are found from any date as exchange_calendars finds them', () => {
    const ours = answers.asked.map(([date]) => {
      const next = xnys.nextSession(date)
      const from = xnys.isSession(date) ? date : next
      return [date, xnys.isSession(date), xnys.previousSession(date), next, xnys.addSessions(from, 21)]
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

  it('is told by the name of the exchange that was asked', () => {
    const nowhere = new ExchangeCalendar('NOWHERE', { 2020: '01-01' })
    expect(nowhere.firstSession).toBe('2020-01-02')
    expect(() => nowhere.isSession('2021-01-04')).toThrow('the calendar of NOWHERE knows the years 2020 to 2020')
  })
})
