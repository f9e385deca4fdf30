import fc from 'fast-check'
import * as packaged from 'technicalindicators'
import { describe, expect, it } from 'vitest'
import { longTail } from '#domain/expressions/operators/long-tail.ts'
import { midprice } from '#domain/indicators/midprice.ts'

type Bars = Record<'open' | 'high' | 'low' | 'close', Float64Array>
type Candle = readonly [open: number, high: number, low: number, close: number]

const barsOf = (candles: readonly Candle[]): Bars => {
  const column = (index: number) => Float64Array.from(candles, (candle) => candle[index]!)
  return { open: column(0), high: column(1), low: column(2), close: column(3) }
}

const answerOf = (name: string, { open, high, low, close }: Bars) => longTail.get(name)!.kernel.compute([open, high, low, close], [])[0]!

/** What the package says of all bars so far: it looks at its own newest ones. */
const packageSays: Record<string, typeof packaged.doji> = {
  TI_DOJI: packaged.doji,
  TI_DRAGONFLY_DOJI: packaged.dragonflydoji,
  TI_GRAVESTONE_DOJI: packaged.gravestonedoji,
  TI_BULLISH_MARUBOZU: packaged.bullishmarubozu,
  TI_BEARISH_MARUBOZU: packaged.bearishmarubozu,
  TI_BULLISH_HAMMER_STICK: packaged.bullishhammerstick,
  TI_BEARISH_HAMMER_STICK: packaged.bearishhammerstick,
  TI_BULLISH_INVERTED_HAMMER_STICK: packaged.bullishinvertedhammerstick,
  TI_BEARISH_INVERTED_HAMMER_STICK: packaged.bearishinvertedhammerstick,
  TI_BULLISH_ENGULFING: packaged.bullishengulfingpattern,
  TI_BEARISH_ENGULFING: packaged.bearishengulfingpattern,
  TI_BULLISH_HARAMI: packaged.bullishharami,
  TI_BEARISH_HARAMI: packaged.bearishharami,
  TI_BULLISH_HARAMI_CROSS: packaged.bullishharamicross,
  TI_BEARISH_HARAMI_CROSS: packaged.bearishharamicross,
  TI_PIERCING_LINE: packaged.piercingline,
  TI_DARK_CLOUD_COVER: packaged.darkcloudcover,
  TI_MORNING_STAR: packaged.morningstar,
  TI_MORNING_DOJI_STAR: packaged.morningdojistar,
  TI_EVENING_STAR: packaged.eveningstar,
  TI_EVENING_DOJI_STAR: packaged.eveningdojistar,
  TI_ABANDONED_BABY: packaged.abandonedbaby,
  TI_THREE_WHITE_SOLDIERS: packaged.threewhitesoldiers,
  TI_THREE_BLACK_CROWS: packaged.threeblackcrows,
  TI_DOWNSIDE_TASUKI_GAP: packaged.downsidetasukigap,
}

/** On a coarse grid, so that prices are often equal, shadows often missing and gaps frequent. */
const tick = fc.integer({ min: 1, max: 9 })
const candle = fc.tuple(tick, tick, fc.boolean(), fc.nat(3), fc.nat(3)).map(([open, move, still, up, down]): Candle => {
  const close = still ? open : move
  return [10 + open, 10 + Math.max(open, close) + up, 10 + Math.min(open, close) - down, 10 + close]
})

describe('a packaged pattern', () => {
  it.each(Object.keys(packageSays))('%s is what the package finds at the end of all bars so far', (name) =>
    fc.assert(
      fc.property(fc.array(candle, { minLength: 5, maxLength: 25 }), (candles) => {
        const bars = barsOf(candles)
        const first = -longTail.get(name)!.rows([]).from
        for (const [row, found] of answerOf(name, bars).entries()) {
          const until = ({ open, high, low, close }: Bars) => ({
            open: [...open.subarray(0, row + 1)],
            high: [...high.subarray(0, row + 1)],
            low: [...low.subarray(0, row + 1)],
            close: [...close.subarray(0, row + 1)],
            reversedInput: false,
          })
          if (row < first) expect(found).toBeNaN()
          else expect(found).toBe(packageSays[name]!(until(bars)) === true ? 1 : 0)
        }
      }),
      { numRuns: 40 },
    ),
  )
})

describe('every pattern', () => {
  const many = barsOf(fc.sample(candle, { numRuns: 20_000, seed: 7 }))
  const names = [...longTail.keys()].filter((name) => !name.startsWith('TI_ICHIMOKU'))

  it.each(names)('%s is found sometimes, by the bars until then alone, whatever is missing before them', (name) => {
    const whole = answerOf(name, many)
    const found = [...whole.keys()].filter((row) => whole[row] === 1)
    expect(found.length).toBeGreaterThan(0)
    expect(whole).toContain(0)
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...found), fc.integer({ min: 5, max: 19_999 })),
        fc.integer({ min: 5, max: 40 }),
        (row, rows) => {
          const until = (column: Float64Array) => Float64Array.of(NaN, ...column.subarray(Math.max(0, row + 1 - rows), row + 1))
          const { open, high, low, close } = many
          const answer = answerOf(name, { open: until(open), high: until(high), low: until(low), close: until(close) })
          expect(answer[0]).toBeNaN()
          if (answer.length > 5) expect(answer.at(-1)).toBe(whole[row])
        },
      ),
    )
  })
})

describe('patterns whose trend is judged here', () => {
  const falling: Candle[] = [
    [30, 31, 28, 29],
    [28, 29, 18, 19],
    [19, 20, 8, 9],
  ]
  const rising = falling.map(([open, high, low, close]): Candle => [40 - open, 40 - low, 40 - high, 40 - close])
  const hammer: Candle = [8, 9, 2, 9]
  const star: Candle = [31, 38, 30.99, 32]

  it.each([
    ['TI_HAMMER', [...falling, hammer, [9, 13, 9, 12]]],
    ['TI_HAMMER_UNCONFIRMED', [...falling, [9, 10, 8, 8.5], hammer]],
    ['TI_HANGING_MAN', [...rising, [31, 32, 20, 32], [31, 31, 25, 26]]],
    ['TI_HANGING_MAN_UNCONFIRMED', [...rising, [32, 33, 31, 32], [31, 32, 20, 32]]],
    ['TI_SHOOTING_STAR', [...rising, star, [31, 31, 25, 26]]],
    ['TI_SHOOTING_STAR_UNCONFIRMED', [...rising, [32, 33, 31, 32], star]],
    ['TI_TWEEZER_TOP', [...rising, [31, 35, 30, 34], [34, 35, 30, 31]]],
    ['TI_TWEEZER_BOTTOM', [...falling, [9, 10, 5, 6], [6, 10, 5, 9]]],
  ] as const)('%s ends a trend, and is none without it', (name, candles) => {
    const found = answerOf(name, barsOf(candles))
    expect([...found.subarray(0, 4)]).toEqual([NaN, NaN, NaN, NaN])
    expect(found[4]).toBe(1)
    const [first, ...rest] = candles
    // a first close beyond the last turns the trend round
    const turned: Candle = name.endsWith('MAN') || /MAN_|STAR|TOP/.test(name) ? [60, 61, 59, 60] : [1, 2, 0.5, 1]
    expect(first).toBeDefined()
    expect(answerOf(name, barsOf([turned, ...rest]))[4]).toBe(0)
  })
})

describe('Ichimoku', () => {
  it('has the middles of three ranges, and the middle of two of them, on the row that they are computed on', () =>
    fc.assert(
      fc.property(fc.array(candle, { minLength: 1, maxLength: 60 }), fc.tuple(tick, tick, tick), (candles, [short, middle, long]) => {
        const { high, low } = barsOf(candles)
        const first = Math.max(short, middle, long) - 1
        const lines = longTail.get('TI_ICHIMOKU_CONVERSION')!.kernel.compute([high, low], [short, middle, long])
        const [conversion, base, span] = [short, middle, long].map((period) => midprice(high, low, period))
        const expected = [conversion!, base!, conversion!.map((value, row) => (value + base![row]!) / 2), span!]
        for (const [line, values] of lines.entries()) expect(values).toEqual(expected[line]!.fill(NaN, 0, first))
      }),
    ))
})
