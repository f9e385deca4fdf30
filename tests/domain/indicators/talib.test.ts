import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { atr } from '#domain/indicators/atr.ts'
import { bollinger } from '#domain/indicators/bollinger.ts'
import { ema } from '#domain/indicators/ema.ts'
import { macd } from '#domain/indicators/macd.ts'
import { rateOfChange } from '#domain/indicators/rate-of-change.ts'
import { rsi } from '#domain/indicators/rsi.ts'
import { sma } from '#domain/indicators/sma.ts'
import { trueRange } from '#domain/indicators/true-range.ts'

type Series = (number | null)[]
type Case = { name: string; inputs: Record<'high' | 'low' | 'close', Series>; outputs: Record<string, Series> }

/** What TA-Lib answers; made by make_talib_values.py. */
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/talib-values.json', import.meta.url), 'utf8')) as { cases: Case[] }

const column = (values: Series) => Float64Array.from(values, (value) => value ?? NaN)

function oursOf({ inputs }: Case): Record<string, Float64Array> {
  const [high, low, close] = [column(inputs.high), column(inputs.low), column(inputs.close)]
  const named = (prefix: string, lines: Record<string, Float64Array>, suffix = '') =>
    Object.fromEntries(Object.entries(lines).map(([name, values]) => [`${prefix}_${name}${suffix}`, values]))
  const each = (name: string, periods: number[], compute: (period: number) => Float64Array) =>
    Object.fromEntries(periods.map((period) => [`${name}_${period}`, compute(period)]))
  return {
    ...each('sma', [2, 5, 30], (n) => sma(close, n)),
    ...each('ema', [2, 12, 26], (n) => ema(close, n)),
    ...each('rsi', [2, 6, 14, 24], (n) => rsi(close, n)),
    ...named('macd', macd(close, 12, 26, 9)),
    ...named('macd_10_4_3', macd(close, 10, 4, 3)),
    ...named('bands', bollinger(close, 10, 2), '_10'),
    ...named('bands', bollinger(close, 20, 1.5), '_20'),
    trange: trueRange(high, low, close),
    ...each('atr', [1, 14], (n) => atr(high, low, close, n)),
    ...each('roc', [1, 10], (n) => rateOfChange(close, n)),
  }
}

/** The largest difference relative to the larger of 1 and the value, and rows where one is missing and the other is not. */
function compare(ours: Float64Array, theirs: Series) {
  let worst = 0
  const missing: number[] = []
  for (const [row, expected] of theirs.entries()) {
    const found = ours[row]!
    if (Number.isNaN(found) !== (expected === null)) missing.push(row)
    else if (expected !== null) worst = Math.max(worst, Math.abs(found - expected) / Math.max(1, Math.abs(expected)))
  }
  return { worst, missing }
}

describe.each(cases)('on $name', (each) => {
  const ours = oursOf(each)

  it('compares every line that TA-Lib was asked for', () => expect(Object.keys(ours).sort()).toEqual(Object.keys(each.outputs).sort()))

  it.each(Object.keys(each.outputs))('%s is TA-Lib’s within 1e-9, with the same warm-up', (name) => {
    const { worst, missing } = compare(ours[name]!, each.outputs[name]!)
    expect(missing).toEqual([])
    expect(worst).toBeLessThan(1e-9)
  })
})
