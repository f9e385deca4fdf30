/**
 * Relative strength index as TA-Lib's TA_RSI (Wilder 1978): mean gain and loss of the first `period` changes, then
 * smoothed by (mean·(period − 1) + change)/period; 100·gain/(gain + loss), 0 where both are 0 (as TA-Lib 0.8; older
 * ones answer 0 below 1e-14 already). NaN for the first `period` rows. float64. Input: finite values. Cost: O(1) a row.
 */

/** All that a later row needs of the earlier ones: a series cut anywhere gives the same bits. */
export type RsiState = { readonly period: number; rows: number; previous: number; gain: number; loss: number }

export const rsiState = (period: number): RsiState => ({ period, rows: 0, previous: 0, gain: 0, loss: 0 })

/** Writes the next rows and moves the state past them. */
export function advanceRsi(state: RsiState, values: Float64Array, out: Float64Array): void {
  const { period } = state
  let row = 0
  // until the seed is complete, gain and loss are sums so far
  for (; row < values.length && state.rows <= period; row++) {
    const change = state.rows === 0 ? 0 : values[row]! - state.previous
    if (change < 0) state.loss -= change
    else state.gain += change
    state.previous = values[row]!
    if (state.rows === period) {
      state.gain /= period
      state.loss /= period
    }
    out[row] = state.rows === period ? strength(state.gain, state.loss) : NaN
    state.rows++
  }
  const rows = values.length
  const inFours = rows - ((rows - row) % 4)
  smoothByFours(state, values, row, inFours, out)
  for (let last = inFours; last < rows; last++) smoothRow(state, values, last, out)
  state.rows += rows - row
}

function smoothRow(state: RsiState, values: Float64Array, row: number, out: Float64Array): void {
  const keep = (state.period - 1) / state.period
  const half = 0.5 / state.period
  const change = values[row]! - state.previous
  const size = Math.abs(change)
  state.previous = values[row]!
  state.gain = state.gain * keep + (size + change) * half
  state.loss = state.loss * keep + (size - change) * half
  out[row] = strength(state.gain, state.loss)
}

/**
 * The same for four rows a turn, and nothing else in the function: see docs/decisions/0030-kernels-by-fours.md.
 * |change| ± change is twice the gain or the loss: no branch for a processor to guess wrong half the time.
 */
function smoothByFours(state: RsiState, values: Float64Array, from: number, to: number, out: Float64Array): void {
  const keep = (state.period - 1) / state.period
  const half = 0.5 / state.period
  let { previous, gain, loss } = state
  for (let row = from; row < to; row += 4) {
    const value0 = values[row]!
    const value1 = values[row + 1]!
    const value2 = values[row + 2]!
    const value3 = values[row + 3]!
    const change0 = value0 - previous
    const change1 = value1 - value0
    const change2 = value2 - value1
    const change3 = value3 - value2
    const size0 = Math.abs(change0)
    const size1 = Math.abs(change1)
    const size2 = Math.abs(change2)
    const size3 = Math.abs(change3)
    const gain0 = gain * keep + (size0 + change0) * half
    const loss0 = loss * keep + (size0 - change0) * half
    out[row] = strength(gain0, loss0)
    const gain1 = gain0 * keep + (size1 + change1) * half
    const loss1 = loss0 * keep + (size1 - change1) * half
    out[row + 1] = strength(gain1, loss1)
    const gain2 = gain1 * keep + (size2 + change2) * half
    const loss2 = loss1 * keep + (size2 - change2) * half
    out[row + 2] = strength(gain2, loss2)
    gain = gain2 * keep + (size3 + change3) * half
    loss = loss2 * keep + (size3 - change3) * half
    out[row + 3] = strength(gain, loss)
    previous = value3
  }
  state.previous = previous
  state.gain = gain
  state.loss = loss
}

export function rsi(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length)
  advanceRsi(rsiState(period), values, out)
  return out
}

function strength(gain: number, loss: number): number {
  const both = gain + loss
  return both === 0 ? 0 : 100 * (gain / both)
}
