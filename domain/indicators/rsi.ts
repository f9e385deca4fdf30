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
  let { rows, previous, gain, loss } = state
  let row = 0
  // until the seed is complete, gain and loss are sums so far
  for (; row < values.length && rows <= period; row++) {
    const change = rows === 0 ? 0 : values[row]! - previous
    if (change < 0) loss -= change
    else gain += change
    previous = values[row]!
    if (rows === period) {
      gain /= period
      loss /= period
    }
    out[row] = rows === period ? strength(gain, loss) : NaN
    rows++
  }
  rows += values.length - row
  const keep = (period - 1) / period
  const half = 0.5 / period
  for (; row < values.length; row++) {
    const value = values[row]!
    const change = value - previous
    previous = value
    // |change| ± change is twice the gain or the loss: no branch for a processor to guess wrong half the time
    const size = Math.abs(change)
    gain = gain * keep + (size + change) * half
    loss = loss * keep + (size - change) * half
    out[row] = strength(gain, loss)
  }
  Object.assign(state, { rows, previous, gain, loss })
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
