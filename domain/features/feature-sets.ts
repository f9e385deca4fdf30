import { DomainError } from '../domain-error.ts'
import { nearest } from '../expressions/nearest.ts'
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { alpha158 } from '../feature-sets/alpha158.ts'
import { alpha360 } from '../feature-sets/alpha360.ts'
import { technical } from '../feature-sets/technical.ts'
import { parse } from '../expressions/parse.ts'
import { absentColumn, barColumns } from './bar-columns.ts'
import { type Label, readLabel } from './definitions.ts'

/** The sets that come with the program and are the same for every label. */
export const featureSets: FeatureSet[] = [technical, alpha158, alpha360]

/** The set that a persistence model reads: it follows from the label. */
export const persistenceSet = 'persistence'

/** Nobody may register a set under one of these names. */
export const builtInNames: readonly string[] = [...featureSets.map(({ name }) => name), persistenceSet]

/** How recipes and requests name a set: `mine@2`, of those that come with the program the name alone. */
export const referenceOf = ({ name, version }: Pick<FeatureSet, 'name' | 'version'>): string =>
  builtInNames.includes(name) ? name : `${name}@${version}`

export function readReference(reference: string): { name: string; version?: number } {
  const [name, version] = reference.split('@') as [string, string?]
  return { name, ...(version === undefined ? {} : { version: Number(version) }) }
}

/**
 * What a set that comes with the program means beside this label, over the columns that bars have.
 * @throws DomainError not_found, with the names there are; ExpressionError when the label cannot be read
 */
export const resolveFeatureSet = (name: string, label: Label, columns: readonly string[] = barColumns): FeatureSet =>
  name === persistenceSet ? persistenceOf(label) : withoutAbsent(knownFeatureSet(name), columns)

/** @throws DomainError not_found, with the names there are */
export function knownFeatureSet(name: string): FeatureSet {
  const found = featureSets.find((set) => set.name === name)
  if (found !== undefined) return found
  throw unknownFeatureSet(name, builtInNames)
}

export function unknownFeatureSet(name: string, names: readonly string[]): DomainError {
  const near = nearest(name, names)[0]
  const hint =
    name === persistenceSet ? ' by itself: it follows from the label that it is asked for with.' : near ? `: did you mean ${near}?` : '.'
  return new DomainError('not_found', `no feature set ${name}${hint} There are: ${names.join(', ')}`, { featureSet: name })
}

/** Features that read a column which the source lacks are absent by schema: left out, and named. */
export function withoutAbsent(set: FeatureSet, columns: readonly string[] = barColumns): FeatureSet {
  const absent = set.features.flatMap(({ name, expression }) => {
    const column = absentColumn(parse(expression), columns)
    return column === undefined ? [] : [{ name, column }]
  })
  if (absent.length === 0) return set
  if (absent.length === set.features.length)
    throw new DomainError(
      'feature_column_absent',
      `every feature of ${set.name} reads a column that the bars lack: $${absent[0]!.column}`,
      {
        featureSet: set.name,
        column: absent[0]!.column,
      },
    )
  const missing = new Set(absent.map(({ name }) => name))
  return { ...set, features: set.features.filter(({ name }) => !missing.has(name)), absent }
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
