import { readFileSync } from 'node:fs'
import { AwesomeOscillator, ChandelierExit, ForceIndex, KeltnerChannels, KST } from 'technicalindicators'
import { describe, expect, it } from 'vitest'
import { evaluate } from '#domain/expressions/evaluate.ts'
import { longTail } from '#domain/expressions/operators/long-tail.ts'
import { technical } from '#domain/expressions/operators/technical.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan } from '#domain/expressions/plan.ts'
import { lookback, reach } from '#domain/expressions/reach.ts'
import { walkBars } from '#tests/support/bars.ts'

const page = readFileSync(new URL('../../../docs/indicators.md', import.meta.url), 'utf8')
const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
const calls = rows.flatMap(([, first, ...rest]) => {
  const text = /^`((?:TA|TI)_\w+\(.*\))`$/.exec(first ?? '')?.[1]
  return text === undefined ? [] : [{ text, cells: rest.slice(0, -1) }]
})
const nameOf = (text: string) => text.slice(0, text.indexOf('('))

describe('docs/indicators.md', () => {
  it('has a row for each operator', () =>
    expect(calls.map(({ text }) => nameOf(text)).sort()).toEqual([...technical.keys(), ...longTail.keys()].sort()))

  it.each(calls)('says how far $text looks back, and whether it remembers', ({ text, cells }) => {
    const expression = parse(text)
    const remembers = reach(expression).recursive ? 'all' : 'window'
    const [rowsBefore, memory] = technical.has(nameOf(text)) ? cells.slice(2) : [cells[1], 'window']
    expect([rowsBefore, memory]).toEqual([String(lookback(expression) - 1), remembers])
  })
})

describe('what can be said in the language', () => {
  const { open, high, low, close, volume } = walkBars('WALK', 200, 11)
  const source = { open, high, low, close, volume }
  const [highs, lows, closes, volumes] = [[...high], [...low], [...close], [...volume]]

  const packaged: Record<string, number[]> = {
    'Awesome oscillator': AwesomeOscillator.calculate({ high: highs, low: lows, fastPeriod: 5, slowPeriod: 34 }),
    'Force index': ForceIndex.calculate({ close: closes, volume: volumes, period: 13 }),
    'Keltner channel, upper line': KeltnerChannels.calculate({
      high: highs,
      low: lows,
      close: closes,
      maPeriod: 20,
      atrPeriod: 10,
      multiplier: 2,
      useSMA: false,
    }).map(({ upper }) => upper),
    // declared as numbers, which they are not
    'Chandelier exit of a long position': (
      ChandelierExit.calculate({ high: highs, low: lows, close: closes, period: 22, multiplier: 3 }) as unknown as { exitLong: number }[]
    ).map(({ exitLong }) => exitLong),
    'Know sure thing': KST.calculate({
      values: closes,
      ROCPer1: 10,
      ROCPer2: 15,
      ROCPer3: 20,
      ROCPer4: 30,
      SMAROCPer1: 10,
      SMAROCPer2: 10,
      SMAROCPer3: 10,
      SMAROCPer4: 15,
      signalPeriod: 9,
    }).map(({ kst }) => kst),
  }

  it.each(Object.keys(packaged))('%s is what the package answers', (name) => {
    const text = rows.find(([, first]) => first === name)![2]!.slice(1, -1)
    const answer = evaluate(plan([parse(text)], Object.keys(source)), source)[0]!
    const expected = packaged[name]!.slice(-100)
    expect(expected).toHaveLength(100)
    for (const [index, value] of expected.entries()) {
      const found = answer[answer.length - 100 + index]!
      expect(Math.abs(found - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)))
    }
  })
})
