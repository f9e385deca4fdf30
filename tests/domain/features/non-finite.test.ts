import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countNonFinite, excessOf, mergeNonFinite } from '#domain/features/non-finite.ts'
import '#tests/support/property-seed.ts'

const sessions = ['2020-01-02', '2020-01-03', '2020-01-06', '2020-01-07']
const values = (...numbers: number[]) => Float32Array.from(numbers)

describe('values that are no numbers', () => {
  it('are counted by feature with their first place; what is missing in the warm-up is none', () => {
    const rows = [
      { symbol: 'AAA', sessions: sessions.slice(1), earlier: 0 },
      { symbol: 'BBB', sessions, earlier: 1 },
    ]
    const counted = countNonFinite(rows, [
      { name: 'ratio', values: values(1, 2, Infinity, 1, -Infinity, Infinity, 1), lookback: 1 },
      { name: 'mean', values: values(NaN, NaN, 3, NaN, 4, NaN, 5), lookback: 3 },
      { name: 'fine', values: values(1, 2, 3, 4, 5, 6, 7), lookback: 1 },
    ])
    expect(counted).toEqual({
      ratio: { infinite: { rows: 3, symbol: 'BBB', session: '2020-01-03' } },
      // of AAA the first two are warm-up, of BBB the first
      mean: { missing: { rows: 1, symbol: 'BBB', session: '2020-01-06' } },
    })
  })

  it('are the same counted together or in slices of sessions', () => {
    const cell = fc.constantFrom(1, NaN, Infinity)
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 8, maxLength: 8 }),
        fc.integer({ min: 0, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (cells, cut, lookback) => {
          const count = (from: number, to: number) =>
            countNonFinite(
              ['AAA', 'BBB'].map((symbol) => ({ symbol, sessions: sessions.slice(from, to), earlier: from })),
              [{ name: 'f', values: values(...cells.slice(from, to), ...cells.slice(4 + from, 4 + to)), lookback }],
            )
          expect(mergeNonFinite([count(0, cut), count(cut, 4)])).toEqual(count(0, 4))
        },
      ),
    )
  })

  it('are judged by the share of all rows: 1 % may be infinite unless the set says otherwise, and any may be missing', () => {
    const counted = {
      f: { infinite: { rows: 2, symbol: 'AAA', session: sessions[0]! }, missing: { rows: 90, symbol: 'AAA', session: sessions[1]! } },
    }
    expect(excessOf(counted, 200)).toBeUndefined()
    expect(excessOf(counted, 199)).toMatchObject({ feature: 'f', kind: 'infinite', rows: 2, limit: 0.01 })
    expect(excessOf(counted, 100, { infinite: 0.02 })).toBeUndefined()
    expect(excessOf(counted, 100, { infinite: 0.02, missing: 0.5 })).toMatchObject({ kind: 'missing', share: 0.9, session: sessions[1] })
    expect(excessOf({ g: { infinite: { rows: 1, symbol: 'AAA', session: sessions[0]! } } }, 1e6, { infinite: 0 })).toMatchObject({
      feature: 'g',
    })
    // the worst of several
    expect(excessOf({ ...counted, e: { infinite: { rows: 50, symbol: 'B', session: sessions[0]! } } }, 100)?.feature).toBe('e')
  })
})
