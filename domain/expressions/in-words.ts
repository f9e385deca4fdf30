/** What an expression means, in plain English: for those who read a feature and not its formula. */
import type { CallNode, Expression } from './expression.ts'
import { operandsOf, settingsOf } from './operators.ts'
import { isInfix } from './precedence.ts'

/** `Mean($close,5)/$close` → the 5-session mean of the close over the close */
export function inWords(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return String(expression.value)
    case 'column':
      return `the ${expression.name === 'vwap' ? 'volume-weighted price' : expression.name}`
    case 'call':
      return callInWords(expression)
    default:
      return expression satisfies never
  }
}

type Phrase = (operands: string[], settings: number[]) => string

const sessions = (count: number) => (Math.abs(count) === 1 ? '1 session' : `${Math.abs(count)} sessions`)
const over =
  (what: string): Phrase =>
  ([x], [n]) =>
    `the ${n}-session ${what} of ${x}`
const between =
  (sign: string): Phrase =>
  ([x, y]) =>
    `${x} ${sign} ${y}`

const phrases: Readonly<Record<string, Phrase>> = {
  Add: between('plus'),
  Sub: between('minus'),
  Mul: between('times'),
  Div: between('over'),
  Power: between('to the power'),
  Gt: between('is above'),
  Ge: between('is at least'),
  Lt: between('is below'),
  Le: between('is at most'),
  Eq: between('equals'),
  Ne: between('differs from'),
  And: between('and'),
  Or: between('or'),
  Not: ([c]) => `not ${c}`,
  If: ([c, x, y]) => `${x} where ${c}, else ${y}`,
  Greater: ([x, y]) => `the larger of ${x} and ${y}`,
  Less: ([x, y]) => `the smaller of ${x} and ${y}`,
  Abs: ([x]) => `the size of ${x}`,
  Sign: ([x]) => `the sign of ${x}`,
  Log: ([x]) => `the logarithm of ${x}`,
  Ref: ([x], [n]) => `${x} ${sessions(n!)} ${n! > 0 ? 'ago' : 'ahead'}`,
  Delta: ([x], [n]) => `the change of ${x} over ${sessions(n!)}`,
  Mean: over('mean'),
  Sum: over('sum'),
  Std: over('standard deviation'),
  Var: over('variance'),
  Skew: over('skewness'),
  Kurt: over('excess kurtosis'),
  Max: over('maximum'),
  Min: over('minimum'),
  Med: over('median'),
  Mad: over('mean distance from the mean'),
  Count: over('count of values'),
  WMA: over('linearly weighted mean'),
  EMA: ([x], [n]) => `the exponential mean of ${x} with ${n! < 1 ? `weight ${n}` : `span ${n}`}`,
  Slope: ([x], [n]) => `the slope of ${x} over ${sessions(n!)}`,
  Rsquare: ([x], [n]) => `how well a line fits ${x} over ${sessions(n!)} (R²)`,
  Resi: ([x], [n]) => `the distance of ${x} from its line over ${sessions(n!)}`,
  IdxMax: ([x], [n]) => `how late within ${sessions(n!)} the maximum of ${x} came`,
  IdxMin: ([x], [n]) => `how late within ${sessions(n!)} the minimum of ${x} came`,
  Quantile: ([x], [n, q]) => `the ${n}-session ${q} quantile of ${x}`,
  Rank: ([x], [n]) => `the rank of ${x} among its last ${sessions(n!)}`,
  Corr: ([x, y], [n]) => `the ${n}-session correlation of ${x} and ${y}`,
  Cov: ([x, y], [n]) => `the ${n}-session covariance of ${x} and ${y}`,
  CSRank: ([x]) => `the rank of ${x} among all symbols of the session`,
  CSZScore: ([x]) => `how many deviations ${x} lies from the mean of all symbols of the session`,
  CSRobustZScore: ([x]) => `how many robust deviations ${x} lies from the median of all symbols of the session`,
  CSFillna: ([x]) => `${x}, or where it is missing the mean of all symbols of the session`,
  CSProcessInf: ([x]) => `${x}, or where it is infinite the mean of all symbols of the session`,
}

/** The names that TA-Lib's manual gives them. */
const indicators: Readonly<Record<string, string>> = {
  TA_RSI: 'relative strength index',
  TA_MACD: 'moving average convergence',
  TA_MACD_SIGNAL: 'signal line of the moving average convergence',
  TA_MACD_HIST: 'histogram of the moving average convergence',
  TA_BBANDS_UPPER: 'upper Bollinger band',
  TA_BBANDS_MIDDLE: 'middle Bollinger band',
  TA_BBANDS_LOWER: 'lower Bollinger band',
  TA_SMA: 'simple moving average',
  TA_EMA: 'exponential moving average',
  TA_WMA: 'weighted moving average',
  TA_ATR: 'average true range',
  TA_NATR: 'normalised average true range',
  TA_TRANGE: 'true range',
  TA_ROC: 'rate of change in percent',
  TA_MOM: 'momentum',
  TA_STOCH: 'slow stochastic %K',
  TA_STOCH_D: 'slow stochastic %D',
  TA_ADX: 'average directional index',
  TA_CCI: 'commodity channel index',
  TA_OBV: 'on-balance volume',
  TA_MFI: 'money flow index',
  TA_WILLR: 'Williams’ %R',
  TA_STDDEV: 'standard deviation',
}

function callInWords(call: CallNode): string {
  const operands = operandsOf(call).map(operandInWords)
  const settings = settingsOf(call)
  const phrase = Object.hasOwn(phrases, call.operator) ? phrases[call.operator] : undefined
  if (phrase !== undefined) return phrase(operands, settings)
  const name = indicators[call.operator] ?? nameOf(call.operator)
  return `the ${name}${settings.length > 0 ? ` (${settings.join(', ')})` : ''} of ${listed(operands)}`
}

/** Within another phrase, arithmetic and choices stand in parentheses: which word belongs to which is plain then. */
function operandInWords(operand: Expression): string {
  const words = inWords(operand)
  const loose =
    operand.kind === 'call' &&
    (isInfix(operand.operator) || ['If', 'Power', 'Not', 'Ref', 'CSFillna', 'CSProcessInf'].includes(operand.operator))
  return loose ? `(${words})` : words
}

/** `TI_BULLISH_HARAMI` → bullish harami */
const nameOf = (operator: string) =>
  operator.startsWith('TI_') ? operator.slice(3).toLowerCase().replaceAll('_', ' ') : `TA-Lib ${operator.slice(3).replaceAll('_', ' ')}`

const listed = (words: readonly string[]) => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`)
