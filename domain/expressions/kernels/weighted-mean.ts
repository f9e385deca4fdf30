/**
 * Qlib's `EMA`: `pandas.Series.ewm(span, min_periods=1).mean()`, adjusted and not ignoring gaps. The mean of all values
 * so far with weights (1−α)^age; a value that is not finite adds nothing but ages the others, and its row repeats the
 * mean so far. Unlike `TA_EMA` it needs no warm-up. Cost: O(1) a row.
 */
import type { Column } from '../workspace.ts'

/** All that a later row needs of the earlier ones: a series cut anywhere gives the same bits. */
export type WeightedMeanState = { readonly alpha: number; mean: number; weight: number }

export const weightedMeanState = (alpha: number): WeightedMeanState => ({ alpha, mean: NaN, weight: 1 })

/** α of a span, or the number itself when it is below 1, as Qlib reads it. */
export const alphaOf = (span: number) => (span < 1 ? span : 2 / (span + 1))

/** Writes the next rows and moves the state past them. */
export function advanceWeightedMean(state: WeightedMeanState, values: Column, out: Float64Array): void {
  const decay = 1 - state.alpha
  let { mean, weight } = state
  for (let row = 0; row < out.length; row++) {
    const value = values[row]!
    const finite = value - value === 0
    if (!Number.isNaN(mean)) {
      weight *= decay
      if (finite) {
        // pandas leaves an equal value out of the division, so that a constant stays itself
        if (mean !== value) mean = (weight * mean + value) / (weight + 1)
        weight += 1
      }
    } else if (finite) mean = value
    out[row] = mean
  }
  state.mean = mean
  state.weight = weight
}
