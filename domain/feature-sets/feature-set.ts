import type { FeatureLimits } from '../features/non-finite.ts'

/** A named, versioned list of expressions, in the shape of the contract of the same name. */
import type { BuildProcessor } from '../features/build-processors.ts'

export type FeatureDefinition = { name: string; expression: string; description?: string | undefined }

/** A feature that is left out because the bars lack a column that some sources have. */
export type AbsentFeature = { name: string; column: string }

export type FeatureSet = {
  name: string
  version: number
  description: string
  features: FeatureDefinition[]
  limits?: FeatureLimits | undefined
  absent?: AbsentFeature[] | undefined
  /** what has become of the features: their expressions hold it already */
  processors?: BuildProcessor[] | undefined
  /** of whose members rows and cross-sections are, where it is not all symbols */
  universe?: string | undefined
}
