/** TA-Lib's indicators, in float64 from the adjusted prices to the answer. Names, order and settings are TA-Lib's. */
import { atr } from '../../indicators/atr.ts'
import { bollinger } from '../../indicators/bollinger.ts'
import { ema } from '../../indicators/ema.ts'
import { macd } from '../../indicators/macd.ts'
import { overPresentRows } from '../../indicators/present-rows.ts'
import { rateOfChange } from '../../indicators/rate-of-change.ts'
import { rsi } from '../../indicators/rsi.ts'
import { sma } from '../../indicators/sma.ts'
import { trueRange } from '../../indicators/true-range.ts'
import type { Operand, Operator, Parameter, Rows } from '../operator.ts'

const period = (least: number, name = 'period'): Parameter => ({ kind: 'setting', name, whole: true, least, most: 100_000 })
const deviations: Parameter = { kind: 'setting', name: 'deviations', whole: false, least: 0, most: 1000 }

type Indicator = (inputs: readonly Float64Array[], settings: readonly number[]) => Float64Array[]

type Definition = { inputs: number; settings: readonly Parameter[]; warmUp: (settings: readonly number[]) => number; recursive?: true }

/** One operator a line of the indicator; they share its computation. `warmUp` counts the rows before the first value. */
function define(names: readonly string[], definition: Definition, indicator: Indicator): [string, Operator][] {
  const kernel = {
    name: names[0]!,
    compute: (operands: readonly Operand[], settings: readonly number[]) =>
      overPresentRows(operands as readonly Float64Array[], (inputs) => indicator(inputs, settings)),
  }
  const rows = (settings: readonly number[]): Rows => ({
    from: -definition.warmUp(settings),
    to: 0,
    ...(definition.recursive ? { recursive: true } : {}),
  })
  const parameters = [...Array.from({ length: definition.inputs }, (): Parameter => ({ kind: 'series' })), ...definition.settings]
  return names.map((name, line) => [name, { parameters, answers: 'series', kernel, line, rows, exact: true }])
}

export const technical = new Map<string, Operator>([
  ...define(['TA_SMA'], { inputs: 1, settings: [period(2)], warmUp: ([n]) => n! - 1 }, ([x], [n]) => [sma(x!, n!)]),
  ...define(['TA_EMA'], { inputs: 1, settings: [period(2)], warmUp: ([n]) => n! - 1, recursive: true }, ([x], [n]) => [ema(x!, n!)]),
  ...define(['TA_RSI'], { inputs: 1, settings: [period(2)], warmUp: ([n]) => n!, recursive: true }, ([x], [n]) => [rsi(x!, n!)]),
  ...define(
    ['TA_MACD', 'TA_MACD_SIGNAL', 'TA_MACD_HIST'],
    {
      inputs: 1,
      settings: [period(2, 'fast period'), period(2, 'slow period'), period(1, 'signal period')],
      warmUp: ([fast, slow, signal]) => Math.max(fast!, slow!) + signal! - 2,
      recursive: true,
    },
    ([x], [fast, slow, signal]) => {
      const lines = macd(x!, fast!, slow!, signal!)
      return [lines.line, lines.signal, lines.histogram]
    },
  ),
  ...define(
    ['TA_BBANDS_UPPER', 'TA_BBANDS_MIDDLE', 'TA_BBANDS_LOWER'],
    { inputs: 1, settings: [period(2), deviations], warmUp: ([n]) => n! - 1 },
    ([x], [n, width]) => {
      const bands = bollinger(x!, n!, width!)
      return [bands.upper, bands.middle, bands.lower]
    },
  ),
  ...define(['TA_TRANGE'], { inputs: 3, settings: [], warmUp: () => 1 }, ([high, low, close]) => [trueRange(high!, low!, close!)]),
  ...define(['TA_ATR'], { inputs: 3, settings: [period(1)], warmUp: ([n]) => n!, recursive: true }, ([high, low, close], [n]) => [
    atr(high!, low!, close!, n!),
  ]),
  ...define(['TA_ROC'], { inputs: 1, settings: [period(1)], warmUp: ([n]) => n! }, ([x], [n]) => [rateOfChange(x!, n!)]),
])
