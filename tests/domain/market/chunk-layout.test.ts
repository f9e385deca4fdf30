import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupCount, groupOf, periodOf } from '#domain/market/chunk-layout.ts'
import { sessionOf } from '#domain/market/session-days.ts'

describe('the layout of chunks', () => {
  it('puts about ten symbols into a group, at most 32 groups', () => {
    expect([1, 4, 14, 15, 300, 5000].map(groupCount)).toEqual([1, 1, 1, 2, 32, 32])
    const sizes = new Array<number>(32).fill(0)
    for (let i = 0; i < 3200; i++) sizes[groupOf(`SYM${i}`, 32)]!++
    expect(Math.max(...sizes)).toBeLessThan(160)
  })

  it('keeps the last month apart, and closes years at the month of the group', () => {
    expect(periodOf('2008-05-30', 0, '2008-05-30')).toBe(`month-${2008 * 12 + 4}`)
    expect(periodOf('2008-01-02', 0, '2008-05-30')).toBe(`month-${2008 * 12}`)
    expect(periodOf('2007-12-31', 0, '2008-05-30')).toBe('year-2007')
    // group 8 ends its years with April
    expect(periodOf('2008-04-30', 8, '2008-05-30')).toBe(periodOf('2007-05-01', 8, '2008-05-30'))
    expect(periodOf('2008-04-30', 8, '2008-04-30')).toBe(`month-${2008 * 12 + 3}`)
  })

  it('is contiguous in time: a period never comes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 15_000 }), (group, last) => {
        const periods: string[] = []
        for (let day = Math.max(0, last - 1200); day <= last; day++) {
          const period = periodOf(sessionOf(day), group, sessionOf(last))
          if (periods.at(-1) !== period) periods.push(period)
        }
        expect(new Set(periods).size).toBe(periods.length)
      }),
      { numRuns: 30 },
    )
  })

  it('stores below two per cent again when a session comes after 2,500 others, on any day of the year', () => {
    const sessions = Array.from({ length: 2761 }, (_, row) => sessionOf(12_000 + Math.floor((row * 7) / 5)))
    // groups differ by their number modulo 12 alone
    const staggers = 12
    for (let end = 2500; end < sessions.length; end++) {
      let rewritten = 0
      for (let group = 0; group < staggers; group++) {
        const before = rowsByPeriod(sessions.slice(end - 2500, end), group)
        const after = rowsByPeriod(sessions.slice(end - 2500, end + 1), group)
        for (const [period, rows] of after) if (before.get(period) !== rows) rewritten += rows
      }
      expect(rewritten / (staggers * 2501)).toBeLessThan(0.02)
    }
  })
})

function rowsByPeriod(sessions: readonly string[], group: number): Map<string, number> {
  const months = new Map<string, number>()
  for (const session of sessions) months.set(session.slice(0, 7), (months.get(session.slice(0, 7)) ?? 0) + 1)
  const periods = new Map<string, number>()
  for (const [month, rows] of months) {
    const period = periodOf(`${month}-01`, group, sessions.at(-1)!)
    periods.set(period, (periods.get(period) ?? 0) + rows)
  }
  return periods
}
