import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deriveActions } from '#domain/market/derive-actions.ts'
import { priceFactors } from '#domain/market/factors.ts'
import { findPriceJumps } from '#domain/market/price-jumps.ts'
import { barsOf } from './walk.ts'

/** What a vendor prints: every close times the factor from its session to the last, back-adjusted. */
function backAdjusted(closes: readonly number[], steps: Readonly<Record<number, number>>, decimals = 12): number[] {
  let factor = 1
  const adjusted: number[] = []
  for (let row = closes.length - 1; row >= 0; row--) {
    adjusted[row] = Number((closes[row]! * factor).toFixed(decimals))
    factor /= steps[row] ?? 1
  }
  return adjusted
}

describe('actions out of the vendor’s adjusted close', () => {
  it('tells a split from a dividend', () => {
    const closes = [100, 102, 51.5, 51, 34.2, 33, 30.1, 303, 300]
    const adjustedClose = backAdjusted(closes, { 2: 2, 4: 1.5, 6: 33 / (33 - 3), 7: 0.1 })
    expect(deriveActions(barsOf(closes, { adjustedClose }))).toMatchObject([
      { kind: 'split', ratio: 2, exDate: '2020-01-03', basis: 'derived' },
      { kind: 'split', ratio: 1.5, exDate: '2020-01-05' },
      { kind: 'dividend', cash: 3, exDate: '2020-01-07' },
      { kind: 'split', ratio: 0.1, exDate: '2020-01-08' },
    ])
  })

  it('finds nothing without an adjusted close, or in one that never steps', () => {
    expect(deriveActions(barsOf([100, 50, 100]))).toEqual([])
    expect(deriveActions(barsOf([100, 50, 100], { adjustedClose: [10, 5, 10] }))).toEqual([])
  })

  it('takes the rounding of a vendor who prints cents for noise', () => {
    const closes = Array.from({ length: 400 }, (_, i) => Number((20 + 3 * Math.sin(i / 9)).toFixed(2)))
    const adjustedClose = backAdjusted(closes, { 200: 2 }, 2).map((value) => Number((value / 4).toFixed(2)))
    expect(deriveActions(barsOf(closes, { adjustedClose }))).toEqual([])
    const split = closes.map((close, i) => (i < 200 ? close * 2 : close))
    expect(deriveActions(barsOf(split, { adjustedClose: backAdjusted(split, { 200: 2 }, 2) }))).toMatchObject([{ kind: 'split', ratio: 2 }])
  })

  it('takes the rounding of the close for noise when the vendor adjusts prices that it does not print', () => {
    const exact = Array.from({ length: 600 }, (_, i) => (30 + 9 * Math.sin(i / 17) + Math.sin(i * i)) * (i < 300 ? 2 : 1))
    const steps = { 300: 2, 450: exact[449]! / (exact[449]! - 0.5) }
    const bars = barsOf(
      exact.map((close) => Number(close.toFixed(2))),
      { adjustedClose: backAdjusted(exact, steps, 6) },
    )
    const derived = deriveActions(bars)
    expect(derived).toMatchObject([
      { kind: 'split', ratio: 2, exDate: bars.sessions[300] },
      { kind: 'dividend', exDate: bars.sessions[450] },
    ])
    expect(derived[1]!.cash).toBeCloseTo(0.5, 1)
  })

  it('does not believe a split that the raw close does not show', () => {
    const bars = barsOf([100, 101, 102], { adjustedClose: [50, 101, 102] })
    expect(deriveActions(bars)).toEqual([])
    expect(findPriceJumps(bars, [])).toMatchObject([{ session: '2020-01-02', previousClose: 100, close: 101 }])
    expect(findPriceJumps(bars, [])[0]!.clearedBy).toBeUndefined()
  })

  it('bridges sessions for which the vendor says nothing', () => {
    const bars = barsOf([100, 101, 50, 51], { adjustedClose: [50, Number.NaN, 50, 51] })
    expect(deriveActions(bars)).toMatchObject([{ kind: 'split', ratio: 2, exDate: '2020-01-03' }])
  })

  it('gives the vendor’s own series back, up to a constant', () => {
    const day = fc.record({
      move: fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      step: fc.constantFrom(1, 1, 1, 1, 2, 3, 1.5, 1.004, 1.1, 0.2),
    })
    fc.assert(
      fc.property(fc.array(day, { minLength: 2, maxLength: 60 }), (days) => {
        let price = 80
        const closes = days.map(({ move, step }, row) => (price = Number(((price * (1 + move)) / (row === 0 ? 1 : step)).toFixed(6))))
        fc.pre(closes.every((close) => close > 0.5 && close < 1e5))
        const adjustedClose = backAdjusted(closes, Object.fromEntries(days.map(({ step }, row) => [row, row === 0 ? 1 : step])))
        const bars = barsOf(closes, { adjustedClose })
        const factors = priceFactors(bars, deriveActions(bars))
        for (let row = 1; row < closes.length; row++) {
          const ours = (closes[row]! * factors[row]!) / (closes[row - 1]! * factors[row - 1]!)
          expect(ours / (adjustedClose[row]! / adjustedClose[row - 1]!)).toBeCloseTo(1, 3)
        }
      }),
    )
  })

  it('derives the same when the vendor restates the whole series by a constant', () => {
    const closes = Array.from({ length: 300 }, (_, i) => Number((40 + 5 * Math.sin(i / 13)).toFixed(2)))
    const steps = {
      60: closes[59]! / (closes[59]! - 0.3),
      120: closes[119]! / (closes[119]! - 0.1275),
      240: closes[239]! / (closes[239]! - 3.08),
    }
    const adjustedClose = backAdjusted(closes, steps)
    const restated = adjustedClose.map((value) => Number((value * 0.9871).toFixed(12)))
    const derived = deriveActions(barsOf(closes, { adjustedClose }))
    expect(derived.map(({ cash }) => cash)).toEqual([0.3, 0.1275, 3.08])
    expect(deriveActions(barsOf(closes, { adjustedClose: restated }))).toEqual(derived)
  })
})
