import { DomainError } from '../domain-error.ts'
import { nearest } from '../expressions/nearest.ts'
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { technical } from '../feature-sets/technical.ts'
import { type Label, readLabel } from './definitions.ts'

/** The sets that are the same for every label. */
export const featureSets: FeatureSet[] = [technical]

/** The set that a persistence model reads: it follows from the label. */
export const persistenceSet = 'persistence'

/**
 * What a set means beside this label.
 * @throws DomainError not_found, with the names there are; ExpressionError when the label cannot be read
 */
export const resolveFeatureSet = (name: string, label: Label): FeatureSet =>
  name === persistenceSet ? persistenceOf(label) : knownFeatureSet(name)

/** @throws DomainError not_found, with the names there are */
export function knownFeatureSet(name: string): FeatureSet {
  const found = featureSets.find((set) => set.name === name)
  if (found !== undefined) return found
  const names = [...featureSets.map((set) => set.name), persistenceSet]
  const near = nearest(name, names)[0]
  const hint =
    name === persistenceSet ? ' by itself: it follows from the label that it is asked for with.' : near ? `: did you mean ${near}?` : '.'
  throw new DomainError('not_found', `no feature set ${name}${hint} There are: ${names.join(', ')}`, { featureSet: name })
}

/** A shard's own column `persistence` is reserved, so the feature has another name. */
function persistenceOf(label: Label): FeatureSet {
  const { persistence } = readLabel(label)
  return {
    name: persistenceSet,
    version: 1,
    description: 'The naive forecast of the label, in its own units, and nothing else',
    features: [{ name: 'naive_forecast', expression: persistence.text }],
  }
}
