/**
 * Candlestick patterns and Ichimoku's lines, from the technicalindicators package: what it calls a pattern is declared
 * here with the bars that it looks at, and the package is handed those bars and no others, so that it cannot look ahead.
 *
 * A pattern reads open, high, low and close and answers 1 where it ends on this row, else 0. Rows where a price is missing
 * are left out as if they were not there, and are NaN, as is every row before the first complete window. float64. Cost: O(bars) a row.
 *
 * The trend before hammers, stars and tweezers is judged here: the package compares its mean gain and loss as text. Its
 * spinning tops are left out, because they measure a shadow from the wrong end of the body.
 */
import {
  abandonedbaby,
  bearishengulfingpattern,
  bearishhammerstick,
  bearishharami,
  bearishharamicross,
  bearishinvertedhammerstick,
  bearishmarubozu,
  bullishengulfingpattern,
  bullishhammerstick,
  bullishharami,
  bullishharamicross,
  bullishinvertedhammerstick,
  bullishmarubozu,
  darkcloudcover,
  doji,
  downsidetasukigap,
  dragonflydoji,
  eveningdojistar,
  eveningstar,
  gravestonedoji,
  ichimokucloud,
  morningdojistar,
  morningstar,
  piercingline,
  threeblackcrows,
  threewhitesoldiers,
} from 'technicalindicators'
import type { Parameter } from '../operator.ts'
import { type Indicator, windowed } from './indicator.ts'

/** Bars of one window, the oldest first. */
type Candles = { open: number[]; high: number[]; low: number[]; close: number[] }

type Pattern = { bars: number; found: (candles: Candles) => boolean }

/** Declared as answering `any`, with a flag among the bars that turns them round. */
const packaged = (bars: number, found: (candles: Candles & { reversedInput: false }) => unknown): Pattern => ({
  bars,
  found: (candles) => found({ ...candles, reversedInput: false }) === true,
})

const only = ({ open, high, low, close }: Candles, bar: number) => ({
  open: [open[bar]!],
  high: [high[bar]!],
  low: [low[bar]!],
  close: [close[bar]!],
  reversedInput: false as const,
})

type Stick = (candle: ReturnType<typeof only>) => unknown
type Direction = 'up' | 'down'

const moved = (from: number, to: number): Direction | 'nowhere' => (to > from ? 'up' : to < from ? 'down' : 'nowhere')

/** After a trend over three bars a stick, then a bar that goes the other way. */
const confirmed = (trend: Direction, sticks: readonly Stick[]): Pattern => ({
  bars: 5,
  found: (candles) => {
    const { open, close } = candles
    const turn = trend === 'up' ? 'down' : 'up'
    return (
      moved(close[0]!, close[2]!) === trend &&
      sticks.some((stick) => stick(only(candles, 3)) === true) &&
      moved(open[4]!, close[4]!) === turn &&
      moved(close[3]!, close[4]!) === turn
    )
  },
})

/** After a trend over four bars a stick, which is the newest bar. */
const unconfirmed = (trend: Direction, sticks: readonly Stick[]): Pattern => ({
  bars: 5,
  found: (candles) => moved(candles.close[0]!, candles.close[3]!) === trend && sticks.some((stick) => stick(only(candles, 4)) === true),
})

/** After a trend over three bars two that turn at the same price. */
const tweezers = (trend: Direction, turning: 'high' | 'low'): Pattern => ({
  bars: 5,
  found: (candles) => moved(candles.close[0]!, candles.close[2]!) === trend && candles[turning][3] === candles[turning][4],
})

const hammers = [bullishhammerstick, bearishhammerstick]
const inverted = [bullishinvertedhammerstick, bearishinvertedhammerstick]

const patterns: Record<string, Pattern> = {
  TI_DOJI: packaged(1, doji),
  TI_DRAGONFLY_DOJI: packaged(1, dragonflydoji),
  TI_GRAVESTONE_DOJI: packaged(1, gravestonedoji),
  TI_BULLISH_MARUBOZU: packaged(1, bullishmarubozu),
  TI_BEARISH_MARUBOZU: packaged(1, bearishmarubozu),
  TI_BULLISH_HAMMER_STICK: packaged(1, bullishhammerstick),
  TI_BEARISH_HAMMER_STICK: packaged(1, bearishhammerstick),
  TI_BULLISH_INVERTED_HAMMER_STICK: packaged(1, bullishinvertedhammerstick),
  TI_BEARISH_INVERTED_HAMMER_STICK: packaged(1, bearishinvertedhammerstick),
  TI_BULLISH_ENGULFING: packaged(2, bullishengulfingpattern),
  TI_BEARISH_ENGULFING: packaged(2, bearishengulfingpattern),
  TI_BULLISH_HARAMI: packaged(2, bullishharami),
  TI_BEARISH_HARAMI: packaged(2, bearishharami),
  TI_BULLISH_HARAMI_CROSS: packaged(2, bullishharamicross),
  TI_BEARISH_HARAMI_CROSS: packaged(2, bearishharamicross),
  TI_PIERCING_LINE: packaged(2, piercingline),
  TI_DARK_CLOUD_COVER: packaged(2, darkcloudcover),
  TI_MORNING_STAR: packaged(3, morningstar),
  TI_MORNING_DOJI_STAR: packaged(3, morningdojistar),
  TI_EVENING_STAR: packaged(3, eveningstar),
  TI_EVENING_DOJI_STAR: packaged(3, eveningdojistar),
  TI_ABANDONED_BABY: packaged(3, abandonedbaby),
  TI_THREE_WHITE_SOLDIERS: packaged(3, threewhitesoldiers),
  TI_THREE_BLACK_CROWS: packaged(3, threeblackcrows),
  TI_DOWNSIDE_TASUKI_GAP: packaged(3, downsidetasukigap),
  TI_HAMMER: confirmed('down', [...hammers, ...inverted]),
  TI_HAMMER_UNCONFIRMED: unconfirmed('down', [...hammers, ...inverted]),
  TI_HANGING_MAN: confirmed('up', hammers),
  TI_HANGING_MAN_UNCONFIRMED: unconfirmed('up', hammers),
  TI_SHOOTING_STAR: confirmed('up', inverted),
  TI_SHOOTING_STAR_UNCONFIRMED: unconfirmed('up', inverted),
  TI_TWEEZER_TOP: tweezers('up', 'high'),
  TI_TWEEZER_BOTTOM: tweezers('down', 'low'),
}

function lineOf({ bars, found }: Pattern, [open, high, low, close]: readonly Float64Array[]): Float64Array {
  return close!.map((_, row) => {
    if (row < bars - 1) return NaN
    const windowOf = (column: Float64Array) => Array.from(column.subarray(row - bars + 1, row + 1))
    return found({ open: windowOf(open!), high: windowOf(high!), low: windowOf(low!), close: windowOf(close!) }) ? 1 : 0
  })
}

const period = (name: string): Parameter => ({ kind: 'setting', name, whole: true, least: 1, most: 100_000 })

/** The package's spans stand on the row that they are computed on; a chart draws them `base period` rows ahead. */
const ichimoku = windowed(
  ['TI_ICHIMOKU_CONVERSION', 'TI_ICHIMOKU_BASE', 'TI_ICHIMOKU_SPAN_A', 'TI_ICHIMOKU_SPAN_B'],
  {
    inputs: 2,
    settings: [period('conversion period'), period('base period'), period('span period')],
    warmUp: (periods) => Math.max(...periods) - 1,
  },
  ([high, low], [conversionPeriod, basePeriod, spanPeriod]) => {
    const clouds = ichimokucloud({
      high: Array.from(high!),
      low: Array.from(low!),
      conversionPeriod: conversionPeriod!,
      basePeriod: basePeriod!,
      spanPeriod: spanPeriod!,
      displacement: 1,
    })
    const first = high!.length - clouds.length
    return (['conversion', 'base', 'spanA', 'spanB'] as const).map((line) => high!.map((_, row) => clouds[row - first]?.[line] ?? NaN))
  },
)

export const longTail: ReadonlyMap<string, Indicator> = new Map([
  ...Object.entries(patterns).flatMap(([name, pattern]) =>
    windowed([name], { inputs: 4, settings: [], warmUp: () => pattern.bars - 1 }, (inputs) => [lineOf(pattern, inputs)]),
  ),
  ...ichimoku,
])
