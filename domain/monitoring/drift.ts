/**
 * Have features drifted from the rows that a model was fitted on? Each feature's last sessions are compared with those
 * rows by Smirnov's distance D; x = √n D with the effective sample size n that the calibration found, never more than the
 * rows themselves would give. The p-value is Kolmogorov's of x, or Student's where that is greater: a feature that lasts
 * shifts as a whole, so that D falls off like one normal value and not like the greatest of many, and its spread is known
 * from as many windows only as the reference holds. Both are 5 % at the same x. Without the second, a fifth to a half of
 * quiet looks at 20 autocorrelated features called one. A feature has drifted when Benjamini and Hochberg's procedure over
 * all features calls it and its stability index lies beyond its own limit as well. What a missing value is:
 * feature-distribution.ts. A look costs m (log m + log n) a feature.
 */
import { studentUpperTail } from '../evaluation/student-t.ts'
import type { FeatureNull } from './drift-calibration.ts'
import { adjustForDiscoveries } from './false-discovery.ts'
import { type FeatureDistribution, smirnovDistance, sortWindow, stabilityIndex } from './feature-distribution.ts'
import { kolmogorov95, kolmogorovUpperTail } from './kolmogorov.ts'

export type FeatureDrift = {
  distance: number
  /** adjusted for the number of features */
  pValue: number
  stabilityIndex: number
  missingShare: number
  drifted: boolean
}

/** |Z| exceeds it with a probability of 5 % */
const normal95 = 1.959963984540054

/** `window` holds the values of each feature in the window, in the order of the distributions: at least one row. */
export function lookForDrift(
  distributions: readonly FeatureDistribution[],
  nulls: readonly FeatureNull[],
  window: readonly Float32Array[],
  falseDiscoveryRate: number,
): FeatureDrift[] {
  const seen = distributions.map((distribution, feature) => {
    const values = sortWindow(window[feature]!)
    const [n, m] = [distribution.sorted.length + distribution.missing, window[feature]!.length]
    const distance = smirnovDistance(distribution, values)
    const { effectiveSize, windows } = nulls[feature]!
    const x = Math.sqrt(Math.min(effectiveSize, (n * m) / (n + m))) * distance
    return {
      distance,
      pValue: Math.max(kolmogorovUpperTail(x), 2 * studentUpperTail((x * normal95) / kolmogorov95, windows)),
      stabilityIndex: stabilityIndex(distribution, values),
      missingShare: values.missing / m,
    }
  })
  const adjusted = adjustForDiscoveries(seen.map(({ pValue }) => pValue))
  return seen.map((each, feature) => ({
    ...each,
    pValue: adjusted[feature]!,
    drifted: adjusted[feature]! <= falseDiscoveryRate && each.stabilityIndex > nulls[feature]!.stabilityLimit,
  }))
}
