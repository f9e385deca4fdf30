import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate } from '#domain/expressions/evaluate.ts'
import type { Expression } from '#domain/expressions/expression.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan } from '#domain/expressions/plan.ts'
import { reach } from '#domain/expressions/reach.ts'
import { rollingCorrelation, rollingCovariance } from '#domain/expressions/kernels/rolling-correlation.ts'
import { maximumPlace, minimumPlace, rollingMaximum, rollingMinimum } from '#domain/expressions/kernels/rolling-extreme.ts'
import { rollingMeanDistance } from '#domain/expressions/kernels/rolling-mean-distance.ts'
import { rollingKurtosis, rollingSkewness } from '#domain/expressions/kernels/rolling-moments.ts'
import { rankOfNewest, rollingOrder } from '#domain/expressions/kernels/rolling-order.ts'
import { rollingRegression } from '#domain/expressions/kernels/rolling-regression.ts'
import { rollingMean, rollingSum } from '#domain/expressions/kernels/rolling-sum.ts'
import { rollingDeviation } from '#domain/expressions/kernels/rolling-variance.ts'
import { rollingWeightedMean } from '#domain/expressions/kernels/rolling-weighted.ts'
import { advanceWeightedMean, weightedMeanState } from '#domain/expressions/kernels/weighted-mean.ts'
import { Workspace } from '#domain/expressions/workspace.ts'
import { walkBars } from '#tests/support/bars.ts'
import { expressions } from './arbitrary.ts'

const columns = ['open', 'high', 'low', 'close', 'volume'] as const
type Source = Record<(typeof columns)[number], Float64Array>

const { open, high, low, close, volume } = walkBars('WALK', 120, 5)
const source: Source = { open, high, low, close, volume }
const rowsOf = (from: number, to: number) => Object.fromEntries(columns.map((name) => [name, source[name].slice(from, to)])) as Source

const compute = (expression: Expression, over: Source = source) => evaluate(plan([expression], columns), over)[0]!
const bytes = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('hex')

describe('whatever the expression', () => {
  it('sessions that are cut off change nothing before them', () =>
    fc.assert(
      fc.property(expressions(), fc.integer({ min: 1, max: 119 }), (expression, rows) => {
        const whole = compute(expression).slice(0, rows)
        expect(bytes(compute(expression, rowsOf(0, rows)))).toBe(bytes(whole))
      }),
      { numRuns: 300 },
    ))

  it('a value depends on the rows of its reach alone', () =>
    fc.assert(
      fc.property(expressions({ ahead: true }), fc.nat(119), (expression, row) => {
        const { from, to, recursive } = reach(expression)
        if (recursive) return
        const changed = Object.fromEntries(
          columns.map((name) => [name, source[name].map((value, at) => (at < row + from || at > row + to ? value * 3 + 1 : value))]),
        ) as Source
        const [before, after] = [compute(expression)[row]!, compute(expression, changed)[row]!]
        // blocks of a rolling sum may add the same values in another order
        if (Number.isNaN(before) || !Number.isFinite(before)) expect(after).toBe(before)
        else expect(Math.abs(after - before)).toBeLessThanOrEqual(1e-3 * Math.abs(before) + 1e-3)
      }),
      { numRuns: 300 },
    ))

  it('the answer is the same computed in a set or alone', () =>
    fc.assert(
      fc.property(fc.array(expressions(), { minLength: 1, maxLength: 6 }), (set) => {
        const together = evaluate(plan(set, columns), source).map(bytes)
        expect(together).toEqual(set.map((expression) => bytes(compute(expression))))
      }),
      { numRuns: 100 },
    ))
})

describe('scaling laws', () => {
  const scaled = (factor: number): Source => ({
    ...source,
    open: times(open, factor),
    high: times(high, factor),
    low: times(low, factor),
    close: times(close, factor),
  })
  const times = (values: Float64Array, factor: number) => values.map((value) => value * factor)

  // a power of two changes no digit, so the laws hold to the last bit
  it.each([
    'TA_RSI($close,14)',
    'TA_ROC($close,5)',
    'Mean($close,5)/$close',
    'TA_MACD($close,12,26,9)/$close',
    'Std($close/Ref($close,1)-1,10)',
    'TA_ATR($high,$low,$close,14)/$close',
  ])('%s does not depend on the currency', (text) => expect(bytes(compute(parse(text), scaled(4)))).toBe(bytes(compute(parse(text)))))

  it.each([
    'Mean($close,5)',
    'Std($close,10)',
    'TA_BBANDS_UPPER($close,20,2)',
    'TA_MACD_HIST($close,12,26,9)',
    'EMA($close,12)',
    'TA_TRANGE($high,$low,$close)',
  ])('%s is in the currency of the prices', (text) =>
    expect(bytes(compute(parse(text), scaled(4)))).toBe(bytes(compute(parse(text)).map((value) => value * 4))),
  )
})

describe('a plan', () => {
  it('computes what expressions share once, and each line of an indicator with the others', () => {
    const texts = [
      'Mean($close,5)/$close',
      'Log(Mean($close,5))',
      'TA_MACD($close,12,26,9)',
      'TA_MACD_HIST($close, 12, 26, 9)',
      'TA_MACD_SIGNAL($close,12,26,9)/$close',
    ]
    const { steps } = plan(texts.map(parse), columns)
    // $close in two precisions, Mean, /, Log, MACD, /
    expect(steps).toHaveLength(7)
  })

  it('reads all quantiles and the rank of a window off one order, and a regression’s lines off one fit', () => {
    const texts = ['Rank($close,20)', 'Quantile($close,20,0.8)', 'Med($close,20)', 'Quantile($close,20,0.5)', 'Quantile($close,20,0.2)']
    const { steps, outputs } = plan(texts.map(parse), columns)
    expect(steps).toHaveLength(2)
    expect(outputs.map(({ line }) => line)).toEqual([0, 1, 2, 2, 3])
    const fits = ['Slope($close,20)', 'Rsquare($close,20)', 'Resi($close,20)/$close', 'Slope($close,10)']
    expect(plan(fits.map(parse), columns).steps).toHaveLength(4)
  })

  it('reads prices in float64 below an indicator and in float32 elsewhere', () => {
    const { steps } = plan([parse('TA_SMA($close-$open,5)+$close')], columns)
    expect(steps.flatMap((step) => (step.kind === 'column' ? [`${step.name} ${step.precision}`] : []))).toEqual([
      'close float64',
      'open float64',
      'close float32',
    ])
  })

  it('names a column that is not there, and the nearest', () => {
    expect(() => plan([parse('Mean($clos,5)')], columns)).toThrow(
      'there is no column $clos (character 6): did you mean $close? Columns: $open, $high, $low, $close, $volume',
    )
  })

  it('refuses an expression that reads nothing', () => expect(() => plan([parse('1+2')], columns)).toThrow('reads no column'))
})

describe('bytes', () => {
  it('have one NaN, wherever it came from', () => {
    const different = new Float64Array(new BigUint64Array([0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff8000000000001n]).buffer)
    const out = new Float32Array(3)
    const workspace = new Workspace(3)
    workspace.writeFloat32(workspace.hold(different), out)
    workspace.close()
    expect([...new Uint32Array(out.buffer)]).toEqual([0x7fc00000, 0x7fc00000, 0x7fc00000])
    expect(bytes(compute(parse('Log(0-$close)')))).toBe('0000c07f'.repeat(120))
  })
})

describe('rolling windows', () => {
  const series = fc.array(
    fc.oneof({ weight: 5, arbitrary: fc.double({ min: -1e6, max: 1e6, noNaN: true }) }, fc.constantFrom(NaN, Infinity)),
    { maxLength: 80 },
  )
  const window = fc.integer({ min: 2, max: 12 })
  const present = (values: number[], row: number, n: number) => values.slice(Math.max(0, row - n + 1), row + 1).filter(Number.isFinite)

  it.each([
    ['sum', rollingSum, (part: number[]) => part.reduce((sum, value) => sum + value, 0)],
    ['mean', rollingMean, (part: number[]) => part.reduce((sum, value) => sum + value, 0) / part.length],
    ['maximum', rollingMaximum, (part: number[]) => Math.max(...part)],
    ['minimum', rollingMinimum, (part: number[]) => Math.min(...part)],
    ['deviation', rollingDeviation, (part: number[]) => deviationOf(part)],
  ])('have the %s that one gets window by window', (_, rolling, naive) =>
    fc.assert(
      fc.property(series, window, (values, n) => {
        const out = ofHeld(rolling, Float64Array.from(values), n)
        for (const [row, found] of out.entries()) {
          const part = present(values, row, n)
          const expected = part.length === 0 ? NaN : naive(part)
          if (Number.isNaN(expected)) expect(found).toBeNaN()
          else expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, ...part.map(Math.abs)))
        }
      }),
    ),
  )

  it('lose nothing over a million rows far from zero', () => {
    const values = Float64Array.from({ length: 1_000_000 }, (_, row) => 1e6 + ((row * 7919) % 1000) * 1e-3)
    const last = [...values.subarray(-10)]
    expect(ofHeld(rollingDeviation, values, 10).at(-1)! / deviationOf(last)).toBeCloseTo(1, 7)
    expect(ofHeld(rollingMean, values, 10).at(-1)).toBeCloseTo(1e6 + last.reduce((sum, value) => sum + (value - 1e6), 0) / 10, 8)
  })

  it('keep the shape of a million rows far from zero', () => {
    const values = Float64Array.from({ length: 1_000_000 }, (_, row) => 1e6 + ((row * 7919) % 1000) * 1e-3)
    const falling = values.map((value) => 3e6 - value)
    const small = values.subarray(-20).map((value) => value - 1e6)
    const ends = (rolling: Rolling) => [ofHeld(rolling, values, 20).at(-1)!, ofHeld(rolling, small, 20).at(-1)!] as const
    for (const rolling of [rollingSkewness, rollingKurtosis, rollingMeanDistance]) {
      const [far, near] = ends(rolling)
      expect(far).toBeCloseTo(near, 5)
    }
    for (const line of [0, 1, 2]) {
      const [far, near] = ends((...operands) => rollingRegression(...operands)[line]!)
      expect(far).toBeCloseTo(near, 7)
    }
    const correlation: Rolling = (held, n, workspace) => rollingCorrelation(held, workspace.hold(falling), n, workspace)
    expect(ofHeld(correlation, values, 20).at(-1)).toBeCloseTo(-1, 9)
  })

  /** What each kernel answers, one line after another. */
  const kernels: [string, Lines][] = [
    ['sum', (...of) => [rollingSum(...of)]],
    ['mean', (...of) => [rollingMean(...of)]],
    ['deviation', (...of) => [rollingDeviation(...of)]],
    ['skewness', (...of) => [rollingSkewness(...of)]],
    ['kurtosis', (...of) => [rollingKurtosis(...of)]],
    ['extremes', (...of) => [rollingMaximum(...of), rollingMinimum(...of), maximumPlace(...of), minimumPlace(...of)]],
    ['mean distance', (...of) => [rollingMeanDistance(...of)]],
    ['weighted mean', (...of) => [rollingWeightedMean(...of)]],
    ['order', (values, n, workspace) => rollingOrder(values, n, [0.2, 0.5, rankOfNewest], workspace)],
    ['regression', (...of) => rollingRegression(...of)],
    ['covariance', (values, n, workspace) => [rollingCovariance(values, squaresOf(values, workspace), n, workspace)]],
    ['correlation', (values, n, workspace) => [rollingCorrelation(values, squaresOf(values, workspace), n, workspace)]],
  ]
  const squaresOf = (values: Float64Array, workspace: Workspace) => workspace.hold(Float64Array.from(values, (value) => value * value))

  it.each(kernels)('of %s begun at a block give the same bits from the next block on', (name, rolling) =>
    fc.assert(
      fc.property(series, window, fc.nat(6), (drawn, n, blocks) => {
        // an infinity poisons a regression for good
        const values = Float64Array.from(drawn, (value) => (name === 'regression' && !Number.isFinite(value) ? NaN : value))
        const from = blocks * n
        if (from + n >= values.length) return
        const whole = linesOfHeld(rolling, values, n)
        const part = linesOfHeld(rolling, values.subarray(from), n)
        for (const [line, column] of whole.entries()) expect(part[line]!.subarray(n)).toEqual(column.subarray(from + n))
      }),
    ),
  )

  it.each([20, 257, 1000])('of order over %i rows find what sorting finds', (n) => {
    const values = Float64Array.from({ length: 1500 }, (_, row) => (row % 97 === 0 ? NaN : ((row * 7919) % 211) / 8))
    const order: Lines = (held, window, workspace) => rollingOrder(held, window, [0.2, 0.5, rankOfNewest], workspace)
    const [low, middle, rank] = linesOfHeld(order, values, n)
    for (let row = 0; row < values.length; row += 13) {
      const held = values
        .subarray(Math.max(0, row - n + 1), row + 1)
        .filter(Number.isFinite)
        .sort()
      const at = (share: number) => {
        const place = share * (held.length - 1)
        return held[Math.floor(place)]! + (held[Math.ceil(place)]! - held[Math.floor(place)]!) * (place % 1)
      }
      if (held.length === 0) continue
      expect(low![row]).toBeCloseTo(at(0.2), 12)
      expect(middle![row]).toBeCloseTo(at(0.5), 12)
      const newest = values[row]!
      const places = [...held.keys()].filter((place) => held[place] === newest)
      expect(rank![row]).toBe(places.length === 0 ? NaN : (places[0]! + places.at(-1)! + 2) / 2 / held.length)
    }
  })

  it('EMA cut anywhere gives the same bits', () =>
    fc.assert(
      fc.property(series, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.nat(80), (values, alpha, at) => {
        const input = Float64Array.from(values)
        const [whole, parts] = [new Float64Array(input.length), new Float64Array(input.length)]
        advanceWeightedMean(weightedMeanState(alpha), input, whole)
        const state = weightedMeanState(alpha)
        const cut = Math.min(at, input.length)
        advanceWeightedMean(state, input.subarray(0, cut), parts.subarray(0, cut))
        advanceWeightedMean(state, input.subarray(cut), parts.subarray(cut))
        expect(parts).toEqual(whole)
      }),
    ))
})

type Rolling = (values: Float64Array, window: number, workspace: Workspace) => Float64Array
type Lines = (...of: Parameters<Rolling>) => Float64Array[]

/** What a kernel answers over values in a workspace of its own. */
function linesOfHeld(kernel: Lines, values: Float64Array, window: number): Float64Array[] {
  const workspace = new Workspace(values.length)
  const lines = kernel(workspace.hold(values), window, workspace).map((line) => line.slice())
  workspace.close()
  return lines
}

const ofHeld = (kernel: Rolling, values: Float64Array, window: number): Float64Array =>
  linesOfHeld((...of) => [kernel(...of)], values, window)[0]!

function deviationOf(part: number[]): number {
  if (part.length < 2) return NaN
  const mean = part.reduce((sum, value) => sum + (value - part[0]!), 0) / part.length
  return Math.sqrt(part.reduce((sum, value) => sum + (value - part[0]! - mean) ** 2, 0) / (part.length - 1))
}
