import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { blockRows } from '#domain/indicators/anchored-rows.ts'
import { advanceAtr, atr, atrState } from '#domain/indicators/atr.ts'
import { bollinger } from '#domain/indicators/bollinger.ts'
import { advanceEma, ema, emaState } from '#domain/indicators/ema.ts'
import { advanceMacd, macd, macdState, type MacdLines } from '#domain/indicators/macd.ts'
import { overPresentRows } from '#domain/indicators/present-rows.ts'
import { advanceRsi, rsi, rsiState } from '#domain/indicators/rsi.ts'
import { sma } from '#domain/indicators/sma.ts'

const price = fc.double({ min: 0.01, max: 1e5, noNaN: true })
const prices = fc.array(price, { minLength: 1, maxLength: 120 }).map((values) => Float64Array.from(values))
/** Where a series is cut into chunks, as fractions of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })
const period = fc.integer({ min: 2, max: 15 })

/** Row ranges of the chunks. */
function chunksOf(rows: number, fractions: number[]): [number, number][] {
  const ends = [...new Set([0, ...fractions.map((fraction) => Math.floor(fraction * rows)), rows])].sort((a, b) => a - b)
  return ends.slice(1).map((end, index) => [ends[index]!, end])
}

/** Computes chunk by chunk; the state goes through JSON between chunks, as it will when it is stored. */
function inChunks<State extends object>(
  values: Float64Array,
  fractions: number[],
  state: State,
  advance: (state: State, from: number, to: number) => void,
) {
  let carried = state
  for (const [from, to] of chunksOf(values.length, fractions)) {
    advance(carried, from, to)
    carried = JSON.parse(JSON.stringify(carried)) as State
  }
}

describe('a series cut anywhere gives the same bits', () => {
  it('as one EMA', () =>
    fc.assert(
      fc.property(prices, cuts, period, (values, fractions, n) => {
        const out = new Float64Array(values.length)
        inChunks(values, fractions, emaState(n), (state, from, to) => advanceEma(state, values.subarray(from, to), out.subarray(from, to)))
        expect(out).toEqual(ema(values, n))
      }),
    ))

  it('as one RSI', () =>
    fc.assert(
      fc.property(prices, cuts, period, (values, fractions, n) => {
        const out = new Float64Array(values.length)
        inChunks(values, fractions, rsiState(n), (state, from, to) => advanceRsi(state, values.subarray(from, to), out.subarray(from, to)))
        expect(out).toEqual(rsi(values, n))
      }),
    ))

  it('as one MACD', () =>
    fc.assert(
      fc.property(prices, cuts, period, period, period, (values, fractions, fast, slow, signal) => {
        const rows = values.length
        const out: MacdLines = { line: new Float64Array(rows), signal: new Float64Array(rows), histogram: new Float64Array(rows) }
        inChunks(values, fractions, macdState(fast, slow, signal), (state, from, to) =>
          advanceMacd(state, values.subarray(from, to), {
            line: out.line.subarray(from, to),
            signal: out.signal.subarray(from, to),
            histogram: out.histogram.subarray(from, to),
          }),
        )
        expect(out).toEqual(macd(values, fast, slow, signal))
      }),
    ))

  it('as one ATR', () =>
    fc.assert(
      fc.property(prices, cuts, period, (close, fractions, n) => {
        const high = close.map((value, row) => value * (1 + (row % 7) / 50))
        const low = close.map((value, row) => value * (1 - (row % 5) / 50))
        const out = new Float64Array(close.length)
        inChunks(close, fractions, atrState(n), (state, from, to) =>
          advanceAtr(state, high.subarray(from, to), low.subarray(from, to), close.subarray(from, to), out.subarray(from, to)),
        )
        expect(out).toEqual(atr(high, low, close, n))
      }),
    ))
})

describe('a window’s bits depend on its block alone', () => {
  const long = fc.array(price, { minLength: 100, maxLength: 400 }).map((values) => Float64Array.from(values))

  it.each([
    ['an average', (values: Float64Array, n: number) => [sma(values, n)]],
    ['bands', (values: Float64Array, n: number) => Object.values(bollinger(values, n, 2))],
  ])('for %s: begun at any block, the rest is the same', (_, compute) =>
    fc.assert(
      fc.property(long, fc.integer({ min: 2, max: 90 }), fc.nat(5), (values, n, block) => {
        const from = block * blockRows(n)
        if (from >= values.length) return
        const [whole, part] = [compute(values, n), compute(values.subarray(from), n)]
        for (const [line, lines] of whole.entries()) expect(part[line]!.subarray(n - 1)).toEqual(lines.subarray(from + n - 1))
      }),
    ),
  )
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

  it('equal values have bands of exactly no width', () => {
    const equal = new Float64Array(1000).fill(123.456).fill(7.1, 0, 333)
    const { upper, lower } = bollinger(equal, 20, 2)
    expect(upper.subarray(360)).toEqual(new Float64Array(640).fill(123.456))
    expect(lower.subarray(360)).toEqual(new Float64Array(640).fill(123.456))
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
