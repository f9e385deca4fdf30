import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DomainError } from '#domain/domain-error.ts'
import { assertSegmentsFilled, assertSegmentsOrdered, purgedSessions, purgedWithin } from '#domain/evaluation/segments.ts'

const day = (number: number) => new Date(Date.UTC(2007, 0, 1 + number)).toISOString().slice(0, 10)
const calendar = Array.from({ length: 40 }, (_, index) => day(index))
const range = (from: number, to: number) => ({ from: day(from), to: day(to) })
const segments = { train: range(0, 19), earlyStopping: range(20, 27), test: range(28, 35) }

const codeOf = (act: () => void) => {
  try {
    act()
  } catch (error) {
    if (error instanceof DomainError) return error.code
  }
  return undefined
}

describe('order', () => {
  it('accepts segments that follow each other, with or without a gap', () => {
    expect(() => assertSegmentsOrdered(segments)).not.toThrow()
    expect(() => assertSegmentsOrdered({ ...segments, earlyStopping: range(22, 24) })).not.toThrow()
  })

  it.each([
    ['sharing one session', { ...segments, earlyStopping: range(19, 27) }],
    ['in another order', { train: segments.test, earlyStopping: segments.earlyStopping, test: segments.train }],
    ['the test before its end', { ...segments, test: range(27, 35) }],
    ['backwards', { ...segments, train: range(5, 4) }],
  ])('refuses segments %s', (_, wrong) => {
    expect(codeOf(() => assertSegmentsOrdered(wrong))).toBe('recipe_invalid')
  })
})

describe('purge', () => {
  it('drops the sessions whose label reaches the next segment', () => {
    expect(purgedSessions(calendar, segments.train, 1, segments.earlyStopping.from)).toEqual(calendar.slice(0, 19))
    expect(purgedSessions(calendar, segments.train, 5, segments.earlyStopping.from)).toEqual(calendar.slice(0, 15))
  })

  it('needs none where a gap is as long as the reach', () => {
    expect(purgedSessions(calendar, range(0, 14), 5, segments.earlyStopping.from)).toHaveLength(15)
  })

  it('keeps the test within its own end, whatever came later', () => {
    expect(purgedWithin(calendar, segments.test, 2)).toEqual(calendar.slice(28, 34))
    expect(purgedWithin(calendar.slice(0, 36), segments.test, 2)).toEqual(calendar.slice(28, 34))
  })

  it('never keeps a label that the next segment could see', () => {
    fc.assert(
      fc.property(fc.nat(39), fc.nat(39), fc.integer({ min: 1, max: 50 }), fc.nat(45), (from, to, reach, border) => {
        const kept = purgedSessions(calendar, range(from, to), reach, day(border))
        for (const session of kept) expect(calendar.indexOf(session) + reach).toBeLessThan(Math.min(border, calendar.length))
        const dropped = calendar.filter((session) => session >= day(from) && session <= day(to) && !kept.includes(session))
        for (const session of dropped) expect(calendar.indexOf(session) + reach).toBeGreaterThanOrEqual(Math.min(border, calendar.length))
      }),
    )
  })

  it('refuses a segment that it empties, by name', () => {
    expect(() => assertSegmentsFilled(calendar, segments, 1)).not.toThrow()
    expect(() => assertSegmentsFilled(calendar, segments, 8)).toThrow(/the segment earlyStopping, .* holds no session/)
    expect(codeOf(() => assertSegmentsFilled(calendar.slice(0, 20), segments, 1))).toBe('segment_empty')
  })

  it('without a test segment, asks early stopping for a label within its own end', () => {
    const { test: _, ...shadow } = segments
    expect(() => assertSegmentsFilled(calendar, shadow, 7)).not.toThrow()
    expect(() => assertSegmentsFilled(calendar.slice(0, 28), shadow, 7)).not.toThrow()
    for (const known of [calendar, calendar.slice(0, 28)])
      expect(() => assertSegmentsFilled(known, shadow, 8)).toThrow(/the segment earlyStopping, .* holds no session/)
  })
})
