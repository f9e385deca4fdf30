import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CorporateAction } from '#domain/market/actions.ts'
import { sliceBars } from '#domain/market/bars.ts'
import { adjustBars, priceFactors, splitFactors } from '#domain/market/factors.ts'
import { barsOf } from './walk.ts'

const action = (fields: Partial<CorporateAction>): CorporateAction => ({
  symbol: 'TEST',
  exDate: '2020-01-03',
  kind: 'split',
  knownAt: '2020-01-03T00:00:00.000Z',
  basis: 'given',
  ...fields,
})

describe('factors forward from the first bar', () => {
  it('multiplies prices by a split and divides volume by it, from the ex-date on', () => {
    const bars = barsOf([100, 102, 51, 52])
    const split = action({ ratio: 2 })
    expect([...priceFactors(bars, [split])]).toEqual([1, 1, 2, 2])
    expect([...splitFactors(bars, [split])]).toEqual([1, 1, 2, 2])
    const adjusted = adjustBars(bars, [split])
    expect([...adjusted.close]).toEqual([100, 102, 102, 104])
    expect([...adjusted.volume]).toEqual([1000, 1000, 500, 500])
    expect([...bars.close]).toEqual([100, 102, 51, 52])
  })

  it('pays a dividend into the price, by the close before it, and leaves the volume', () => {
    const bars = barsOf([100, 50, 49, 49])
    const dividend = action({ kind: 'dividend', cash: 1 })
    const factors = priceFactors(bars, [dividend])
    expect(factors[1]).toBe(1)
    expect(factors[2]).toBeCloseTo(50 / 49, 12)
    // the holder's return over the ex-date: (49 + 1) / 50
    expect((bars.close[2]! * factors[2]!) / (bars.close[1]! * factors[1]!)).toBeCloseTo(1, 12)
    expect([...splitFactors(bars, [dividend])]).toEqual([1, 1, 1, 1])
  })

  it('takes an action between sessions at the next one, and ignores earlier ones and other symbols', () => {
    const bars = barsOf([10, 10, 5])
    expect([...priceFactors(bars, [action({ ratio: 2, exDate: '2019-12-31' }), action({ ratio: 2, exDate: '2020-01-01' })])]).toEqual([
      1, 1, 1,
    ])
    expect([...priceFactors(bars, [action({ ratio: 2, symbol: 'OTHER' })])]).toEqual([1, 1, 1])
    const gap = { ...bars, sessions: ['2020-01-01', '2020-01-02', '2020-01-06'] }
    expect([...priceFactors(gap, [action({ ratio: 2, exDate: '2020-01-04' })])]).toEqual([1, 1, 2])
  })

  it('is not moved by names and endings', () => {
    expect([...priceFactors(barsOf([10, 10, 10]), [action({ kind: 'rename' }), action({ kind: 'delisting' })])]).toEqual([1, 1, 1])
  })

  it('refuses an action whose size makes no sense, by name', () => {
    const bars = barsOf([10, 10, 10])
    expect(() => priceFactors(bars, [action({})])).toThrow(/split of TEST on 2020-01-03/)
    expect(() => priceFactors(bars, [action({ kind: 'dividend', cash: 10 })])).toThrow(/below the previous close 10/)
  })

  it('restates nothing when bars and actions are appended', () => {
    const step = fc.record({ close: fc.double({ min: 5, max: 500, noNaN: true }), ratio: fc.option(fc.constantFrom(2, 3, 0.5)) })
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 40 }), fc.nat(), (steps, cut) => {
        const bars = barsOf(steps.map(({ close }) => close))
        const actions = steps.flatMap(({ ratio }, i) => (ratio === null ? [] : [action({ ratio, exDate: bars.sessions[i]! })]))
        const length = 1 + (cut % steps.length)
        const early = sliceBars(bars, 0, length)
        const known = actions.filter(({ exDate }) => exDate <= early.sessions.at(-1)!)
        expect(priceFactors(early, known)).toEqual(priceFactors(bars, actions).slice(0, length))
      }),
    )
  })
})
