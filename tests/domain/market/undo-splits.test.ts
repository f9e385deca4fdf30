import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lastDateOver, localDate } from '#domain/calendar/local-date.ts'
import { laterShares, rawPrice, rawVolume } from '#domain/market/undo-splits.ts'

describe('raw bars out of split-adjusted ones', () => {
  it('are what was traded: AAPL before the splits of 2014 and 2020', () => {
    const shares = laterShares([
      { exDate: '2020-08-31', ratio: 4 },
      { exDate: '2014-06-09', ratio: 7 },
    ])
    expect([shares('2014-06-06'), shares('2014-06-09'), shares('2020-08-28'), shares('2020-08-31')]).toEqual([28, 4, 4, 1])
    // Yahoo prints 23.05607032775879 for the close of 645.57 on 2014-06-06
    expect(rawPrice(23.05607032775879, 28)).toBe(645.57)
    expect(rawVolume(349938400, 28)).toBe(12497800)
  })

  it('come back for any price in cents, split and printed as float32', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 99_999 }), fc.constantFrom(1, 2, 3, 4, 7, 20, 28, 0.1, 0.25, 1.5), (cents, shares) => {
        const traded = cents / 100
        expect(rawPrice(Math.fround(traded / shares), shares)).toBeCloseTo(traded, 3)
        expect(rawPrice(Math.fround(traded), 1)).toBe(traded)
      }),
    )
  })
})

describe('the date of a place', () => {
  it('is that of its clock, in winter and summer', () => {
    expect(localDate(Date.parse('2024-01-02T04:59:00Z'), 'America/New_York')).toBe('2024-01-01')
    expect(localDate(Date.parse('2024-01-02T05:00:00Z'), 'America/New_York')).toBe('2024-01-02')
    expect(localDate(Date.parse('2024-07-02T04:00:00Z'), 'America/New_York')).toBe('2024-07-02')
    expect(localDate(Date.parse('2024-07-01T16:00:00Z'), 'Asia/Shanghai')).toBe('2024-07-02')
  })

  it('is over when the bar of the day is final', () => {
    expect(lastDateOver(Date.parse('2024-01-02T21:00:00Z'), 'America/New_York', '16:15')).toBe('2024-01-01')
    expect(lastDateOver(Date.parse('2024-01-02T21:15:00Z'), 'America/New_York', '16:15')).toBe('2024-01-02')
    expect(lastDateOver(Date.parse('2024-07-02T20:15:00Z'), 'America/New_York', '16:15')).toBe('2024-07-02')
  })
})
