import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BarColumns } from '#domain/market/bars.ts'
import { type BarDifference, compareBars, type ComparedColumn } from '#domain/market/compare-bars.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { symbolIdentity } from '#domain/market/snapshot-identity.ts'

type Row = { day: number; close: number; adjustedClose: number; known: number }

const barsOf = (rows: readonly Row[]): BarColumns => {
  const column = (of: (row: Row) => number) => Float64Array.from(rows, of)
  const close = column((row) => row.close)
  return {
    symbol: 'AAA',
    sessions: rows.map(({ day }) => sessionOf(day)),
    open: close,
    high: close,
    low: close,
    close,
    volume: column(({ day }) => day),
    adjustedClose: column((row) => row.adjustedClose),
    knownAt: rows.map(({ known }) => new Date(known).toISOString()),
  }
}

const row = fc.record({
  day: fc.integer({ min: 13_000, max: 13_040 }),
  close: fc.constantFrom(0, -0, 1, 2.5),
  adjustedClose: fc.constantFrom(Number.NaN, 1, 2),
  known: fc.constantFrom(0, 86_400_000),
})
const rows = fc.uniqueArray(row, { selector: ({ day }) => day, maxLength: 12 }).map((some) => some.toSorted((a, b) => a.day - b.day))

const differences = (before: BarColumns | undefined, after: BarColumns | undefined) => [...compareBars(before, after, { knownAt: true })]
const kinds = (found: readonly BarDifference[], kind: BarDifference['kind']) =>
  found.flatMap((each) => (each.kind === kind ? [each.session] : []))

describe('comparing the bars of a symbol', () => {
  it('finds none exactly when the identities are equal', () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [left, right] = [barsOf(before), barsOf(after)]
        const same = JSON.stringify(symbolIdentity(left, [], 'observed')) === JSON.stringify(symbolIdentity(right, [], 'observed'))
        expect(differences(left, right).length === 0).toBe(same)
      }),
    )
  })

  it('leads from the one to the other', () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [left, right] = [barsOf(before), barsOf(after)]
        const found = differences(left, right)
        const sessions = new Set(left.sessions)
        for (const session of kinds(found, 'removed')) expect(sessions.delete(session)).toBe(true)
        for (const session of kinds(found, 'added')) {
          expect(sessions.has(session)).toBe(false)
          sessions.add(session)
        }
        expect([...sessions].sort()).toEqual(right.sessions)
        for (const { session, kind, values } of found) {
          if (kind !== 'revised') expect(values).toEqual({})
          else expect(Object.keys(values).length).toBeGreaterThan(0)
          for (const [column, { before: old, after: now }] of Object.entries(values)) {
            const of = (bars: BarColumns) => {
              const value = bars[column as ComparedColumn]![bars.sessions.indexOf(session)]!
              return Number.isNaN(value) ? null : value
            }
            expect([old, now]).toEqual([of(left), of(right)])
          }
        }
      }),
    )
  })

  it('is the other way round the other way round', () => {
    fc.assert(
      fc.property(rows, rows, (before, after) => {
        const [there, back] = [differences(barsOf(before), barsOf(after)), differences(barsOf(after), barsOf(before))]
        expect(kinds(there, 'added')).toEqual(kinds(back, 'removed'))
        expect(kinds(there, 'removed')).toEqual(kinds(back, 'added'))
        expect(kinds(there, 'revised')).toEqual(kinds(back, 'revised'))
      }),
    )
  })

  it('of one that is not there are all of the other; an assumed time tells nothing', () => {
    const bars = barsOf([{ day: 13_000, close: 1, adjustedClose: 1, known: 0 }])
    expect(differences(undefined, bars)).toEqual([{ session: '2005-08-05', kind: 'added', values: {} }])
    expect(differences(bars, undefined)).toEqual([{ session: '2005-08-05', kind: 'removed', values: {} }])
    const later = barsOf([{ day: 13_000, close: 1, adjustedClose: 1, known: 1 }])
    expect([...compareBars(bars, later, { knownAt: false })]).toEqual([])
    expect(differences(bars, later)).toMatchObject([{ kind: 'revised', values: { knownAt: { before: '1970-01-01T00:00:00.000Z' } } }])
  })
})
