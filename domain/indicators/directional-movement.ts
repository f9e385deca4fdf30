/**
 * Directional movement as TA-Lib's TA_PLUS_DI, TA_MINUS_DI, TA_DX and TA_ADX (Wilder 1978): movements and true ranges of
 * the first period − 1 changes summed, then smoothed by sum − sum/period + x; the index is |+DI − −DI|/(+DI + −DI) in
 * percent, and its average is seeded with the mean of `period` of them. Where a range or both movements are 0, DX keeps
 * its last value, ADX is not moved, and the DIs are 0. NaN for the first `period` rows, ADX for the first
 * 2·period − 1. float64. Input: finite values. Cost: O(1) a row.
 */
import { rangeOf } from './true-range.ts'

/** All that a later row needs of the earlier ones. */
export type DirectionalState = {
  readonly period: number
  rows: number
  high: number
  low: number
  close: number
  plus: number
  minus: number
  range: number
  index: number
  average: number
}

export const directionalState = (period: number): DirectionalState => ({
  period,
  rows: 0,
  high: 0,
  low: 0,
  close: 0,
  plus: 0,
  minus: 0,
  range: 0,
  index: 0,
  average: 0,
})

export type DirectionalLines = { average: Float64Array; plus: Float64Array; minus: Float64Array; index: Float64Array }

/** Writes the next rows and moves the state past them. */
export function advanceDirectional(
  state: DirectionalState,
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  out: DirectionalLines,
): void {
  for (let row = 0; row < high.length; row++) {
    if (state.rows > 0) move(state, high[row]!, low[row]!)
    const { period, rows, plus, minus, range } = state
    out.plus[row] = rows < period ? NaN : share(plus, range)
    out.minus[row] = rows < period ? NaN : share(minus, range)
    if (rows >= period) index(state, out.plus[row]!, out.minus[row]!)
    out.index[row] = rows < period ? NaN : state.index
    out.average[row] = rows < 2 * period - 1 ? NaN : state.average
    state.high = high[row]!
    state.low = low[row]!
    state.close = close[row]!
    state.rows++
  }
}

function move(state: DirectionalState, high: number, low: number): void {
  const up = high - state.high
  const down = state.low - low
  const keep = state.rows < state.period ? 0 : 1 / state.period
  state.plus += (up > 0 && up > down ? up : 0) - state.plus * keep
  state.minus += (down > 0 && down > up ? down : 0) - state.minus * keep
  state.range += rangeOf(high, low, state.close) - state.range * keep
}

function index(state: DirectionalState, plus: number, minus: number): void {
  const { period, rows } = state
  const both = plus + minus
  const moved = both !== 0
  if (moved) state.index = (100 * Math.abs(minus - plus)) / both
  // until the seed is complete, the average is the sum so far
  if (rows < 2 * period) state.average += moved ? state.index : 0
  if (rows === 2 * period - 1) state.average /= period
  else if (rows >= 2 * period && moved) state.average = (state.average * (period - 1) + state.index) / period
}

const share = (movement: number, range: number) => (range === 0 ? 0 : (100 * movement) / range)
