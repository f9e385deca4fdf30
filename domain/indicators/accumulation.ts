/**
 * Volume that runs with the price, as in TA-Lib: TA_OBV (Granville 1963) adds a row's volume when the close rises and
 * takes it away when it falls, from the first row's volume on; TA_AD (Chaikin) adds volume·((close − low) − (high −
 * close))/(high − low), nothing where there is no range; TA_ADOSC is the difference of a fast and a slow EMA of TA_AD,
 * both seeded with its first value, NaN for the first slow − 1 rows. The level of OBV and AD depends on the first row;
 * only its changes mean something. float64. Input: finite values. Cost: O(1) a row.
 */
import { smoothing } from './ema.ts'

/** All that a later row needs of the earlier ones, here and below. */
export type BalanceState = { rows: number; previous: number; volume: number }

export const balanceState = (): BalanceState => ({ rows: 0, previous: 0, volume: 0 })

export function advanceBalance(state: BalanceState, close: Float64Array, volume: Float64Array, out: Float64Array): void {
  for (let row = 0; row < out.length; row++, state.rows++) {
    const value = close[row]!
    if (state.rows === 0 || value > state.previous) state.volume += volume[row]!
    else if (value < state.previous) state.volume -= volume[row]!
    out[row] = state.volume
    state.previous = value
  }
}

/** High, low, close and volume. */
type Bars = readonly [high: Float64Array, low: Float64Array, close: Float64Array, volume: Float64Array]

export type AccumulationState = { sum: number }

export const accumulationState = (): AccumulationState => ({ sum: 0 })

export function advanceAccumulation(state: AccumulationState, bars: Bars, out: Float64Array): void {
  for (let row = 0; row < out.length; row++) out[row] = state.sum += accumulated(bars, row)
}

export type OscillatorState = {
  readonly fastPeriod: number
  readonly slowPeriod: number
  rows: number
  sum: number
  fast: number
  slow: number
}

export const oscillatorState = (fastPeriod: number, slowPeriod: number): OscillatorState => ({
  fastPeriod,
  slowPeriod,
  rows: 0,
  sum: 0,
  fast: 0,
  slow: 0,
})

export function advanceOscillator(state: OscillatorState, bars: Bars, out: Float64Array): void {
  const [fast, slow] = [smoothing(state.fastPeriod), smoothing(state.slowPeriod)]
  const ready = Math.max(state.fastPeriod, state.slowPeriod) - 1
  for (let row = 0; row < out.length; row++, state.rows++) {
    state.sum += accumulated(bars, row)
    state.fast = state.rows === 0 ? state.sum : fast * state.sum + (1 - fast) * state.fast
    state.slow = state.rows === 0 ? state.sum : slow * state.sum + (1 - slow) * state.slow
    out[row] = state.rows < ready ? NaN : state.fast - state.slow
  }
}

function accumulated([high, low, close, volume]: Bars, row: number): number {
  const range = high[row]! - low[row]!
  return range > 0 ? ((close[row]! - low[row]! - (high[row]! - close[row]!)) / range) * volume[row]! : 0
}
