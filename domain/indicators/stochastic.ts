/**
 * Where the close stands within the range of the last rows, as in TA-Lib: TA_STOCHF (Lane; %K in percent from the
 * lowest low, %D its simple average), TA_STOCH (its %K is averaged first) and TA_WILLR (Williams; −100 at the lowest low,
 * 0 at the highest high). 0 where there is no range. NaN until every line of a pair has its first value. float64. Input:
 * finite values. Cost: O(1) a row.
 */
import { sma } from './sma.ts'
import { latestMaxima, latestMinima } from './window-extremes.ts'

/** High, low and close. */
type Bars = readonly [high: Float64Array, low: Float64Array, close: Float64Array]

export type Stochastic = { k: Float64Array; d: Float64Array }

export function fastStochastic(bars: Bars, kPeriod: number, dPeriod: number): Stochastic {
  const k = percentK(bars, kPeriod)
  return pair(k, smoothed(k, kPeriod - 1, dPeriod), kPeriod + dPeriod - 2)
}

export function slowStochastic(bars: Bars, fastPeriod: number, kPeriod: number, dPeriod: number): Stochastic {
  const k = smoothed(percentK(bars, fastPeriod), fastPeriod - 1, kPeriod)
  return pair(k, smoothed(k, fastPeriod + kPeriod - 2, dPeriod), fastPeriod + kPeriod + dPeriod - 3)
}

export function williams([high, low, close]: Bars, period: number): Float64Array {
  const [highest, lowest] = [latestMaxima(high, period), latestMinima(low, period)]
  return close.map((value, row) => {
    if (row < period - 1) return NaN
    const top = high[highest[row]!]!
    const range = top - low[lowest[row]!]!
    return range === 0 ? 0 : (-100 * (top - value)) / range
  })
}

function percentK([high, low, close]: Bars, period: number): Float64Array {
  const [highest, lowest] = [latestMaxima(high, period), latestMinima(low, period)]
  return close.map((value, row) => {
    if (row < period - 1) return NaN
    const bottom = low[lowest[row]!]!
    const range = high[highest[row]!]! - bottom
    return range === 0 ? 0 : (100 * (value - bottom)) / range
  })
}

/** Averages a line that begins `unready` rows late. */
function smoothed(line: Float64Array, unready: number, period: number): Float64Array {
  const out = new Float64Array(line.length).fill(NaN)
  out.set(sma(line.subarray(unready), period), Math.min(unready, line.length))
  return out
}

/** TA-Lib answers both lines from the row where the later one begins. */
const pair = (k: Float64Array, d: Float64Array, unready: number): Stochastic => ({ k: k.fill(NaN, 0, unready), d })
