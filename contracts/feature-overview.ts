/** All that is known of a feature set over a dataset: what a page of it tells. */
import { z } from 'zod'
import { KeptFeatureCheck } from './feature-checks.ts'
import { DescribedFeatureSet } from './feature-sets.ts'
import { FeatureStatistics } from './feature-statistics.ts'
import { AbsentFeature } from './features.ts'
import { Name } from './words.ts'

export const FeatureOverview = z.strictObject({
  dataset: Name,
  featureSet: DescribedFeatureSet.omit({ features: true, absent: true }),
  absent: z.array(AbsentFeature),
  statistics: FeatureStatistics,
  /** of this build; null when it was not checked yet */
  check: KeptFeatureCheck.nullable(),
  /** what each feature means: as its author says, else as its formula reads */
  meanings: z.array(z.strictObject({ name: z.string(), words: z.string(), written: z.boolean() })),
})
export type FeatureOverview = z.infer<typeof FeatureOverview>
