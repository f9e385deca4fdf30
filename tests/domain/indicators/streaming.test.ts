import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SymbolOperator } from '#domain/expressions/operator.ts'
import { overTime } from '#domain/expressions/operators/rolling.ts'
import { technical } from '#domain/expressions/operators/technical.ts'
import { countNumbers, readNumbers, writeNumbers } from '#domain/expressions/state-numbers.ts'
import { blockRows } from '#domain/indicators/anchored-rows.ts'
import { bollinger } from '#domain/indicators/bollinger.ts'
import { commodityChannel } from '#domain/indicators/commodity-channel.ts'
import { deviation } from '#domain/indicators/deviation.ts'
import { linearRegression } from '#domain/indicators/linear-regression.ts'
import { overPresentRows } from '#domain/indicators/present-rows.ts'
import { rsi } from '#domain/indicators/rsi.ts'
import { sma } from '#domain/indicators/sma.ts'
import { wma } from '#domain/indicators/wma.ts'

const price = fc.double({ min: 0.01, max: 1e5, noNaN: true })
const period = fc.integer({ min: 2, max: 15 })

/** Columns of one length for as many series as the operator reads; where they are few, they hold what is rare. */
const seriesFor = ({ parameters }: Pick<SymbolOperator, 'parameters'>, value: fc.Arbitrary<number>, rows: { min: number; max: number }) => {
  const inputs = parameters.filter(({ kind }) => kind !== 'setting').length
  return fc
    .array(fc.tuple(...Array.from({ length: inputs }, () => value)), { minLength: rows.min, maxLength: rows.max })
    .map((bars) => Array.from({ length: inputs }, (_, input) => Float64Array.from(bars, (bar) => bar[input]!)))
}

/** Short periods, so that short series have answers. */
const settingsFor = ({ parameters }: Pick<SymbolOperator, 'parameters'>) =>
  fc.tuple(
    ...parameters.flatMap((parameter) => {
      if (parameter.kind !== 'setting') return []
      const { whole, least, most } = parameter
      return whole ? fc.integer({ min: least, max: Math.min(most, 12) }) : fc.double({ min: least, max: Math.min(most, 3), noNaN: true })
    }),
  )

const withGaps = fc.oneof({ weight: 12, arbitrary: price }, fc.constantFrom(1, 2, NaN, Infinity))

/** Each indicator once, for its lines share one kernel. */
const indicators = [...technical].filter(([name, { kernel }]) => kernel.name === name)
const recursive = [...indicators, ['EMA', overTime.get('EMA')!] as const].filter(([, { kernel }]) => kernel.stream !== undefined)

/** As it is when it goes on from what was kept. */
function stored(state: object, begun: object): object {
  const numbers = new Float64Array(countNumbers(begun))
  expect(writeNumbers(state, numbers, 0)).toBe(numbers.length)
  readNumbers(begun, numbers)
  expect(begun).toEqual(state)
  return begun
}

const cutAt = (columns: readonly Float64Array[], from: number, to: number) => columns.map((column) => column.subarray(from, to))

it('those have a stream that say they remember all rows before', () => {
  for (const [, { kernel, rows, parameters }] of technical) {
    const settings = parameters.flatMap((parameter) => (parameter.kind === 'setting' ? [Math.max(parameter.least, 1)] : []))
    expect(rows(settings).recursive === true).toBe(kernel.stream !== undefined)
  }
  expect(recursive.length).toBeGreaterThan(10)
})

describe('a series cut anywhere gives the same bits', () => {
  it.each(recursive)('as one %s', (_, indicator) =>
    fc.assert(
      fc.property(
        seriesFor(indicator, withGaps, { min: 1, max: 160 }),
        settingsFor(indicator),
        fc.array(fc.nat(160), { maxLength: 6 }),
        (columns, settings, cuts) => {
          const { stream } = indicator.kernel
          const rows = columns[0]!.length
          const whole = Array.from({ length: stream!.lines }, () => new Float64Array(rows))
          stream!.advance(stream!.start(settings), columns, whole)
          const ends = [...new Set([...cuts.filter((cut) => cut < rows), rows])].sort((a, b) => a - b)
          let state = stream!.start(settings)
          let from = 0
          for (const to of ends) {
            // what was left in memory
            const lines = whole.map(() => new Float64Array(to - from).fill(7))
            stream!.advance(state, cutAt(columns, from, to), lines)
            for (const [line, values] of lines.entries()) expect(values).toEqual(whole[line]!.subarray(from, to))
            state = stored(state, stream!.start(settings))
            from = to
          }
        },
      ),
    ),
  )
})

describe('rows that are cut off change nothing before them', () => {
  it.each(indicators)('in %s', (_, indicator) =>
    fc.assert(
      fc.property(seriesFor(indicator, withGaps, { min: 1, max: 400 }), settingsFor(indicator), fc.nat(400), (columns, settings, rows) => {
        const whole = indicator.kernel.compute(columns, settings)
        const part = indicator.kernel.compute(cutAt(columns, 0, rows), settings)
        for (const [line, values] of part.entries()) expect(values).toEqual(whole[line]!.subarray(0, rows))
      }),
      { numRuns: 30 },
    ),
  )
})

describe('a window’s bits depend on its block alone: begun at any block, the rest is the same', () => {
  const windowed = indicators.filter(([, { kernel }]) => kernel.stream === undefined)

  it.each(windowed)('in %s', (_, indicator) =>
    fc.assert(
      fc.property(seriesFor(indicator, price, { min: 100, max: 300 }), settingsFor(indicator), fc.nat(4), (columns, settings, block) => {
        const from = block * blockRows(12)
        if (from >= columns[0]!.length) return
        const whole = indicator.kernel.compute(columns, settings)
        const part = indicator.kernel.compute(cutAt(columns, from, columns[0]!.length), settings)
        const warmUp = -indicator.rows(settings).from
        for (const [line, values] of part.entries()) expect(values.subarray(warmUp)).toEqual(whole[line]!.subarray(from + warmUp))
      }),
      { numRuns: 20 },
    ),
  )

  it('also where blocks are as long as the window', () =>
    fc.assert(
      fc.property(fc.array(price, { minLength: 100, maxLength: 900 }), fc.integer({ min: 65, max: 90 }), fc.nat(5), (array, n, block) => {
        const values = Float64Array.from(array)
        const from = block * blockRows(n)
        if (from >= values.length) return
        for (const compute of [sma, wma, (x: Float64Array, window: number) => bollinger(x, window, 2).upper])
          expect(compute(values.subarray(from), n).subarray(n - 1)).toEqual(compute(values, n).subarray(from + n - 1))
      }),
    ))
})

describe('over a million rows', () => {
  const rows = 1_000_000
  // far from zero and hardly moving: where running sums of squares lose every digit
  const values = Float64Array.from({ length: rows }, (_, row) => 50_000 + (((row * 7919) % 1000) - 500) * 1e-4)

  it('an average and bands are as exact on the last row as on the first', () => {
    const n = 20
    const last = values.subarray(rows - n)
    const mean = last.reduce((sum, value) => sum + (value - 50_000), 0) / n + 50_000
    const deviation = Math.sqrt(last.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n)
    expect(sma(values, n)[rows - 1]).toBeCloseTo(mean, 9)
    const { upper, middle, lower } = bollinger(values, n, 2)
    expect(middle[rows - 1]).toBeCloseTo(mean, 9)
    expect((upper[rows - 1]! - lower[rows - 1]!) / (4 * deviation)).toBeCloseTo(1, 6)
  })

  it('a weighted average and a regression are', () => {
    const n = 20
    const last = values.subarray(rows - n)
    const weighted = last.reduce((sum, value, at) => sum + (at + 1) * (value - 50_000), 0) / ((n * (n + 1)) / 2)
    const slope = last.reduce((sum, value, at) => sum + (at - (n - 1) / 2) * (value - 50_000), 0) / ((n * (n * n - 1)) / 12)
    expect(wma(values, n)[rows - 1]).toBeCloseTo(50_000 + weighted, 9)
    expect(linearRegression(values, n).slope[rows - 1]! / slope).toBeCloseTo(1, 8)
  })

  it('equal values have no width, no deviation and no channel', () => {
    const equal = new Float64Array(1000).fill(123.456).fill(7.1, 0, 333)
    const { upper, lower } = bollinger(equal, 20, 2)
    expect(upper.subarray(360)).toEqual(new Float64Array(640).fill(123.456))
    expect(lower.subarray(360)).toEqual(new Float64Array(640).fill(123.456))
    expect(deviation(equal, 20).subarray(360)).toEqual(new Float64Array(640))
    expect(commodityChannel(equal, equal, equal, 20).subarray(360)).toEqual(new Float64Array(640))
  })
})

describe('gaps', () => {
  it('are left out of an indicator and stay gaps in its answer', () =>
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: price }, fc.constantFrom(NaN, Infinity, -Infinity)), { maxLength: 80 }),
        period,
        (values, n) => {
          const [line] = overPresentRows([Float64Array.from(values)], ([input]) => [rsi(input!, n)])
          const finite = values.map((value, row) => ({ value, row })).filter(({ value }) => Number.isFinite(value))
          const expected = new Float64Array(values.length).fill(NaN)
          const dense = rsi(
            Float64Array.from(finite, ({ value }) => value),
            n,
          )
          for (const [index, { row }] of finite.entries()) expected[row] = dense[index]!
          expect(line).toEqual(expected)
        },
      ),
    ))
})
