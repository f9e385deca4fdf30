/**
 * Have features drifted from the rows that a model was fitted on? Each feature's last sessions are compared with those
 * rows by Smirnov's distance; its p-value is Kolmogorov's with the effective sample size that the calibration found, never
 * more than the rows themselves would give, m n / (m + n). A feature has drifted when Benjamini and Hochberg's procedure
 * over all features calls it and its stability index lies beyond its own limit as well. What a missing value is:
 * feature-distribution.ts. A look costs m (log m + log n) a feature.
 */
import type { FeatureNull } from './drift-calibration.ts'
import { adjustForDiscoveries } from './false-discovery.ts'
import { type FeatureDistribution, smirnovDistance, sortWindow, stabilityIndex } from './feature-distribution.ts'
import { kolmogorovUpperTail } from './kolmogorov.ts'

export type FeatureDrift = {
  distance: number
  /** adjusted for the number of features */
  pValue: number
  stabilityIndex: number
  missingShare: number
  drifted: boolean
}

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
    const size = Math.min(nulls[feature]!.effectiveSize, (n * m) / (n + m))
    return {
      distance,
      pValue: kolmogorovUpperTail(Math.sqrt(size) * distance),
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
