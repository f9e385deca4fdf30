import { DomainError } from '../domain-error.ts'
import { nearest } from '../expressions/nearest.ts'
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { technical } from '../feature-sets/technical.ts'

export const featureSets: FeatureSet[] = [technical]

/** @throws DomainError not_found, with the names there are */
export function resolveFeatureSet(name: string): FeatureSet {
  const found = featureSets.find((set) => set.name === name)
  if (found !== undefined) return found
  const names = featureSets.map((set) => set.name)
  const near = nearest(name, names)[0]
  throw new DomainError('not_found', `no feature set ${name}${near ? `: did you mean ${near}?` : ''} There are: ${names.join(', ')}`, {
    featureSet: name,
  })
}
