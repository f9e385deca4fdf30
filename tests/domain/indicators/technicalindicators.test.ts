import { ATR, BollingerBands, EMA, MACD, ROC, SMA } from 'technicalindicators'
import { describe, expect, it } from 'vitest'
import { atr } from '#domain/indicators/atr.ts'
import { bollinger } from '#domain/indicators/bollinger.ts'
import { ema } from '#domain/indicators/ema.ts'
import { macd } from '#domain/indicators/macd.ts'
import { rateOfChange } from '#domain/indicators/rate-of-change.ts'
import { sma } from '#domain/indicators/sma.ts'
import { walkBars } from '#tests/support/bars.ts'

/** A second oracle, written by other people in another language than TA-Lib. Its RSI is rounded, so it is no oracle for it. */
const bars = walkBars('WALK', 400, 7)
const [high, low, close] = [[...bars.high], [...bars.low], [...bars.close]]

/** The package answers from its first value on; ours has NaN before. */
function expectSame(ours: Float64Array, theirs: readonly (number | undefined)[], tolerance = 1e-9) {
  const found = [...ours].filter((value) => !Number.isNaN(value))
  const expected = theirs.filter((value): value is number => value !== undefined)
  expect(found).toHaveLength(expected.length)
  expect(found.length).toBeGreaterThan(300)
  for (const [row, value] of expected.entries()) expect(Math.abs(found[row]! - value)).toBeLessThan(tolerance)
}

describe('the technicalindicators package answers the same', () => {
  it('moving averages', () => {
    expectSame(sma(bars.close, 20), SMA.calculate({ period: 20, values: close }))
    expectSame(ema(bars.close, 20), EMA.calculate({ period: 20, values: close }))
  })

  it('Bollinger bands', () => {
    const theirs = BollingerBands.calculate({ period: 20, values: close, stdDev: 2 })
    const ours = bollinger(bars.close, 20, 2)
    for (const line of ['upper', 'middle', 'lower'] as const)
      expectSame(
        ours[line],
        theirs.map((bands) => bands[line]),
      )
  })

  it('average true range and rate of change', () => {
    expectSame(atr(bars.high, bars.low, bars.close, 14), ATR.calculate({ period: 14, high, low, close }))
    expectSame(rateOfChange(bars.close, 10), ROC.calculate({ period: 10, values: close }))
  })

  it('MACD, once its differently seeded fast average has converged', () => {
    const theirs = MACD.calculate({
      values: close,
      fastPeriod: 12,
      slowPeriod: 26,
      signalPeriod: 9,
      SimpleMAOscillator: false,
      SimpleMASignal: false,
    })
    const ours = macd(bars.close, 12, 26, 9)
    const tail = 100
    for (const [line, name] of [
      ['line', 'MACD'],
      ['signal', 'signal'],
      ['histogram', 'histogram'],
    ] as const)
      for (const [index, value] of theirs.slice(-tail).entries())
        expect(ours[line][bars.close.length - tail + index]).toBeCloseTo(value[name]!, 9)
  })
})
