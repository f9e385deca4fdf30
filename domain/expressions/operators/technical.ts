/** TA-Lib's indicators, in float64 from the adjusted prices to the answer. Names, order and settings are TA-Lib's. */
import * as accumulation from '../../indicators/accumulation.ts'
import { aroon } from '../../indicators/aroon.ts'
import { advanceAtr, advanceNormalizedAtr, atrState } from '../../indicators/atr.ts'
import { bollinger } from '../../indicators/bollinger.ts'
import * as chained from '../../indicators/chained-ema.ts'
import { commodityChannel } from '../../indicators/commodity-channel.ts'
import { deviation, variance } from '../../indicators/deviation.ts'
import { advanceDirectional, directionalState } from '../../indicators/directional-movement.ts'
import { advanceEma, emaState } from '../../indicators/ema.ts'
import { advanceKama, kamaState } from '../../indicators/kama.ts'
import { linearRegression } from '../../indicators/linear-regression.ts'
import { advanceMacd, macdState } from '../../indicators/macd.ts'
import { midprice } from '../../indicators/midprice.ts'
import { momentum } from '../../indicators/momentum.ts'
import { moneyFlow } from '../../indicators/money-flow.ts'
import { priceOscillator } from '../../indicators/price-oscillator.ts'
import { rateOfChange } from '../../indicators/rate-of-change.ts'
import { advanceRsi, rsiState } from '../../indicators/rsi.ts'
import { sma } from '../../indicators/sma.ts'
import { fastStochastic, slowStochastic, williams } from '../../indicators/stochastic.ts'
import { trueRange } from '../../indicators/true-range.ts'
import { ultimateOscillator } from '../../indicators/ultimate-oscillator.ts'
import { wma } from '../../indicators/wma.ts'
import type { Parameter } from '../operator.ts'
import { type Definition, type Indicator, recursive, type Recursion, windowed } from './indicator.ts'

const whole = (name: string, least: number): Parameter => ({ kind: 'setting', name, whole: true, least, most: 100_000 })
const number = (name: string, most: number): Parameter => ({ kind: 'setting', name, whole: false, least: 0, most })

type WarmUp = Definition['warmUp']

/** Of one series, or of high, low and close, and so on, with one period. */
const over = (inputs: number, least: number, warmUp: WarmUp): Definition => ({ inputs, settings: [whole('period', least)], warmUp })

const window: WarmUp = ([period]) => period! - 1
const change: WarmUp = ([period]) => period!

const chain = (depth: number, advance: typeof chained.advanceDema): Recursion<chained.ChainState> => ({
  state: ([period]) => chained.chainState(period!, depth),
  advance: (state, [x], [out]) => advance(state, x!, out!),
})

const averages = [
  ...windowed(['TA_SMA'], over(1, 2, window), ([x], [n]) => [sma(x!, n!)]),
  ...windowed(['TA_WMA'], over(1, 2, window), ([x], [n]) => [wma(x!, n!)]),
  ...recursive(['TA_EMA'], over(1, 2, window), {
    state: ([n]) => emaState(n!),
    advance: (state, [x], [out]) => advanceEma(state, x!, out!),
  }),
  ...recursive(
    ['TA_DEMA'],
    over(1, 2, ([n]) => 2 * (n! - 1)),
    chain(2, chained.advanceDema),
  ),
  ...recursive(
    ['TA_TEMA'],
    over(1, 2, ([n]) => 3 * (n! - 1)),
    chain(3, chained.advanceTema),
  ),
  ...recursive(
    ['TA_T3'],
    { inputs: 1, settings: [whole('period', 2), number('volume factor', 1)], warmUp: ([n]) => 6 * (n! - 1) },
    { state: ([n, volume]) => chained.t3State(n!, volume!), advance: (state, [x], [out]) => chained.advanceT3(state, x!, out!) },
  ),
  ...recursive(['TA_KAMA'], over(1, 2, change), {
    state: ([n]) => kamaState(n!),
    advance: (state, [x], [out]) => advanceKama(state, x!, out!),
  }),
  ...windowed(['TA_MIDPOINT'], over(1, 2, window), ([x], [n]) => [midprice(x!, x!, n!)]),
  ...windowed(['TA_MIDPRICE'], over(2, 2, window), ([high, low], [n]) => [midprice(high!, low!, n!)]),
]

const bands = [
  ...windowed(
    ['TA_BBANDS_UPPER', 'TA_BBANDS_MIDDLE', 'TA_BBANDS_LOWER'],
    { inputs: 1, settings: [whole('period', 2), number('deviations', 1000)], warmUp: window },
    ([x], [n, width]) => {
      const { upper, middle, lower } = bollinger(x!, n!, width!)
      return [upper, middle, lower]
    },
  ),
  ...windowed(
    ['TA_STDDEV'],
    { inputs: 1, settings: [whole('period', 2), number('deviations', 1000)], warmUp: window },
    ([x], [n, width]) => [deviation(x!, n!).map((value) => value * width!)],
  ),
  ...windowed(['TA_VAR'], over(1, 2, window), ([x], [n]) => [variance(x!, n!)]),
  ...windowed(['TA_TRANGE'], { inputs: 3, settings: [], warmUp: () => 1 }, ([high, low, close]) => [trueRange(high!, low!, close!)]),
  ...recursive(['TA_ATR'], over(3, 1, change), {
    state: ([n]) => atrState(n!),
    advance: (state, [high, low, close], [out]) => advanceAtr(state, high!, low!, close!, out!),
  }),
  ...recursive(['TA_NATR'], over(3, 2, change), {
    state: ([n]) => atrState(n!),
    advance: (state, [high, low, close], [out]) => advanceNormalizedAtr(state, high!, low!, close!, out!),
  }),
]

const momenta = [
  ...windowed(['TA_MOM'], over(1, 1, change), ([x], [n]) => [momentum(x!, n!)]),
  ...windowed(['TA_ROC'], over(1, 1, change), ([x], [n]) => [rateOfChange(x!, n!)]),
  ...recursive(['TA_RSI'], over(1, 2, change), {
    state: ([n]) => rsiState(n!),
    advance: (state, [x], [out]) => advanceRsi(state, x!, out!),
  }),
  ...recursive(
    ['TA_MACD', 'TA_MACD_SIGNAL', 'TA_MACD_HIST'],
    {
      inputs: 1,
      settings: [whole('fast period', 2), whole('slow period', 2), whole('signal period', 1)],
      warmUp: ([fast, slow, signal]) => Math.max(fast!, slow!) + signal! - 2,
    },
    {
      state: ([fast, slow, signal]) => macdState(fast!, slow!, signal!),
      advance: (state, [x], [line, signal, histogram]) => advanceMacd(state, x!, { line: line!, signal: signal!, histogram: histogram! }),
    },
  ),
  ...windowed(
    ['TA_APO', 'TA_PPO'],
    {
      inputs: 1,
      settings: [whole('fast period', 2), whole('slow period', 2)],
      warmUp: ([fast, slow]) => Math.max(fast!, slow!) - 1,
    },
    ([x], [fast, slow]) => {
      const { absolute, percent } = priceOscillator(x!, fast!, slow!)
      return [absolute, percent]
    },
  ),
  ...recursive(
    ['TA_TRIX'],
    over(1, 1, ([n]) => 3 * (n! - 1) + 1),
    chain(3, chained.advanceTrix),
  ),
  ...windowed(
    ['TA_STOCH', 'TA_STOCH_D'],
    {
      inputs: 3,
      settings: [whole('fast %K period', 1), whole('slow %K period', 1), whole('slow %D period', 1)],
      warmUp: ([fast, k, d]) => fast! + k! + d! - 3,
    },
    ([high, low, close], [fast, kPeriod, dPeriod]) => {
      const { k, d } = slowStochastic([high!, low!, close!], fast!, kPeriod!, dPeriod!)
      return [k, d]
    },
  ),
  ...windowed(
    ['TA_STOCHF', 'TA_STOCHF_D'],
    { inputs: 3, settings: [whole('fast %K period', 1), whole('fast %D period', 1)], warmUp: ([k, d]) => k! + d! - 2 },
    ([high, low, close], [kPeriod, dPeriod]) => {
      const { k, d } = fastStochastic([high!, low!, close!], kPeriod!, dPeriod!)
      return [k, d]
    },
  ),
  ...windowed(['TA_WILLR'], over(3, 2, window), ([high, low, close], [n]) => [williams([high!, low!, close!], n!)]),
  ...windowed(['TA_CCI'], over(3, 2, window), ([high, low, close], [n]) => [commodityChannel(high!, low!, close!, n!)]),
  ...windowed(
    ['TA_ULTOSC'],
    {
      inputs: 3,
      settings: [whole('first period', 1), whole('second period', 1), whole('third period', 1)],
      warmUp: (periods) => Math.max(...periods),
    },
    ([high, low, close], [first, second, third]) => [ultimateOscillator(high!, low!, close!, [first!, second!, third!])],
  ),
]

const trends = [
  ...recursive(
    ['TA_ADX', 'TA_PLUS_DI', 'TA_MINUS_DI', 'TA_DX'],
    over(3, 2, ([n], line) => (line === 0 ? 2 * n! - 1 : n!)),
    {
      state: ([n]) => directionalState(n!),
      advance: (state, [high, low, close], [average, plus, minus, index]) =>
        advanceDirectional(state, high!, low!, close!, { average: average!, plus: plus!, minus: minus!, index: index! }),
    },
  ),
  ...windowed(['TA_AROON_DOWN', 'TA_AROON_UP', 'TA_AROONOSC'], over(2, 2, change), ([high, low], [n]) => {
    const { down, up, oscillator } = aroon(high!, low!, n!)
    return [down, up, oscillator]
  }),
  ...windowed(
    ['TA_LINEARREG', 'TA_LINEARREG_SLOPE', 'TA_LINEARREG_INTERCEPT', 'TA_LINEARREG_ANGLE', 'TA_TSF'],
    over(1, 2, window),
    ([x], [n]) => {
      const { value, slope, intercept, angle, forecast } = linearRegression(x!, n!)
      return [value, slope, intercept, angle, forecast]
    },
  ),
]

const volumes = [
  ...recursive(
    ['TA_OBV'],
    { inputs: 2, settings: [], warmUp: () => 0 },
    {
      state: accumulation.balanceState,
      advance: (state, [close, volume], [out]) => accumulation.advanceBalance(state, close!, volume!, out!),
    },
  ),
  ...recursive(
    ['TA_AD'],
    { inputs: 4, settings: [], warmUp: () => 0 },
    {
      state: accumulation.accumulationState,
      advance: (state, [high, low, close, volume], [out]) => accumulation.advanceAccumulation(state, [high!, low!, close!, volume!], out!),
    },
  ),
  ...recursive(
    ['TA_ADOSC'],
    {
      inputs: 4,
      settings: [whole('fast period', 2), whole('slow period', 2)],
      warmUp: ([fast, slow]) => Math.max(fast!, slow!) - 1,
    },
    {
      state: ([fast, slow]) => accumulation.oscillatorState(fast!, slow!),
      advance: (state, [high, low, close, volume], [out]) => accumulation.advanceOscillator(state, [high!, low!, close!, volume!], out!),
    },
  ),
  ...windowed(['TA_MFI'], over(4, 2, change), ([high, low, close, volume], [n]) => [moneyFlow(high!, low!, close!, volume!, n!)]),
]

export const technical: ReadonlyMap<string, Indicator> = new Map([...averages, ...bands, ...momenta, ...trends, ...volumes])
