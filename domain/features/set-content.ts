/** What makes a version of a feature set: its description, its limits, and its features in order, white space aside. */
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { sha256 } from '../sha256.ts'
import { limitsIn, readFeatures } from './definitions.ts'

export type SetContent = Pick<FeatureSet, 'description' | 'features' | 'limits'>

/**
 * The hash of a set's content. Columns that only some sources have may be read: a build over others does without.
 * @throws ExpressionError | DomainError expression_invalid | feature_column_absent, naming the feature and the character
 */
export function setContentHash({ description, features, limits }: SetContent): string {
  const read = readFeatures(features)
  const meanings = features.map((feature) => feature.description ?? null)
  return sha256(
    JSON.stringify(['feature-set', description, read.map(({ name, text }, index) => [name, text, meanings[index]]), ...limitsIn(limits)]),
  )
}
