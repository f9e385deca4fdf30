/**
 * What a feature set and a label mean, and the names that follow from it: hashes are of the normalised expressions, so
 * that white space changes nothing, and of the engine's version, so that other numbers have another name.
 */
import { DomainError } from '../domain-error.ts'
import type { Expression } from '../expressions/expression.ts'
import { ExpressionError } from '../expressions/expression-error.ts'
import { parse } from '../expressions/parse.ts'
import { print } from '../expressions/print.ts'
import { forwardReference, lookahead, lookback, ownReach } from '../expressions/reach.ts'
import { stagesOf } from '../expressions/stages.ts'
import type { FeatureDefinition, FeatureSet } from '../feature-sets/feature-set.ts'
import { RecentlyUsed } from '../recently-used.ts'
import { sha256 } from '../sha256.ts'
import { assertColumns } from './bar-columns.ts'
import type { FeatureLimits } from './non-finite.ts'

/** Rises whenever the same expression over the same bars may give other bytes. */
export const engineVersion = '4'

export type Label = { expression: string; persistence?: string | undefined; kind: 'time-series' | 'cross-sectional' }

/** `text` is normalised; `lookback` counts the sessions of history that the first exact value needs, its own included. */
export type Feature = { name: string; text: string; expression: Expression; lookback: number }

/**
 * `columns` are those that may be read: by default all that some source has.
 * @throws ExpressionError when an expression cannot be read or looks ahead; DomainError when it reads a column that bars
 * lack, or two features share a name
 */
export function readFeatures(features: readonly FeatureDefinition[], columns?: readonly string[]): Feature[] {
  const names = new Set<string>()
  return features.map(({ name, expression: text }) => {
    if (names.has(name)) throw new DomainError('expression_invalid', `the feature ${name} is defined twice`, { feature: name })
    names.add(name)
    return { name, ...inFeature(name, () => known(text, columns)) }
  })
}

/** `reach` counts the sessions ahead that the label reads. */
export type ReadLabel = { text: string; expression: Expression; reach: number; persistence: { text: string; expression: Expression } }

/**
 * @throws ExpressionError when an expression cannot be read, the label reads nothing ahead, or its persistence does;
 * DomainError when one reads a column that is not among `columns`
 */
export function readLabel(label: Label, columns?: readonly string[]): ReadLabel {
  const expression = parse(label.expression)
  const reach = labelReach(label.expression, columns)
  const text = print(expression)
  // by default the last value of the label that is known
  const persistence = known(label.persistence ?? print(delayed(expression, reach)), columns)
  return { text, expression, reach, persistence: { text: persistence.text, expression: persistence.expression } }
}

/** Sessions ahead that a label reads: the purge between segments. @throws ExpressionError when it reads none */
export function labelReach(expression: string, columns?: readonly string[]): number {
  const label = parse(expression)
  assertColumns(label, columns)
  const ahead = lookahead(label)
  if (ahead === 0)
    throw new ExpressionError(expression, 0, 'a label must read a later session, such as Ref($close,-1): this one is already known')
  return ahead
}

/** What a model declares it reads: ordered names and expressions, the engine, and the universe where there is one. */
export const featureHash = (set: Pick<FeatureSet, 'features' | 'universe'>): string =>
  hashOf(['features', engineVersion, namesAndTexts(set), ...universeIn(set)])

/**
 * What a build computes: the features, the label and its persistence; the universe, and the limits that it must keep, where
 * there are some.
 */
export function definitionHash(set: Pick<FeatureSet, 'features' | 'limits' | 'universe'>, label: Label): string {
  const { text, persistence } = readLabel(label)
  return hashOf([
    'definition',
    engineVersion,
    namesAndTexts(set),
    text,
    persistence.text,
    label.kind,
    ...limitsIn(set.limits),
    ...universeIn(set),
  ])
}

/** As a hash has them: nothing for a set without any. */
export const limitsIn = ({ infinite, missing }: FeatureLimits = {}): unknown[] =>
  infinite === undefined && missing === undefined ? [] : [{ infinite, missing }]

const universeIn = ({ universe }: Pick<FeatureSet, 'universe'>): unknown[] => (universe === undefined ? [] : [{ universe }])

export const buildIdOf = (definition: string, snapshotId: string, asOf?: string): string =>
  hashOf(['build', definition, snapshotId, ...(asOf === undefined ? [] : [asOf])])

/**
 * An expression as it was some rows earlier. Under a cross-section that looks ahead each symbol is taken back by rows of its
 * own: the cross-section of an earlier session may read rows of others that are not there yet.
 */
function delayed(expression: Expression, rows: number): Expression {
  if (expression.kind === 'number') return expression
  if (expression.kind === 'column' || aheadUnderCrossSection(expression) === undefined)
    return { kind: 'call', operator: 'Ref', arguments: [expression, { kind: 'number', value: rows, at: 0 }], at: 0 }
  return { ...expression, arguments: expression.arguments.map((operand) => delayed(operand, rows)) }
}

/** The operand of a cross-section that looks ahead, whatever stands around it. */
const aheadUnderCrossSection = (expression: Expression): Expression | undefined =>
  stagesOf([expression])
    .flat()
    .find(({ operand }) => lookahead(operand) > 0)?.operand

/**
 * `ahead` counts the rows ahead of its own symbol that it reads, but for those that lie under a cross-section; `lookback`
 * those that its first value needs, its own included.
 */
export type ShardColumn = { name: string; text: string; ahead: number; lookback: number }

/** The columns of a build's shards after `symbol` and `session`, in order. */
export function shardColumns(set: Pick<FeatureSet, 'features'>, label: Label): ShardColumn[] {
  const { text, expression, persistence } = readLabel(label)
  return [
    ...readFeatures(set.features).map((feature) => ({ name: feature.name, text: feature.text, ahead: 0, lookback: feature.lookback })),
    { name: 'label', text, ahead: ownReach(expression).to, lookback: lookback(expression) },
    { name: 'persistence', text: persistence.text, ahead: 0, lookback: lookback(persistence.expression) },
  ]
}

/** Shards whose columns have the same names and meaning have the same. */
export const columnsHash = (columns: readonly ShardColumn[]): string =>
  hashOf(['columns', engineVersion, columns.map(({ name, text }) => [name, text])])

const namesAndTexts = ({ features }: Pick<FeatureSet, 'features'>) => readFeatures(features).map(({ name, text }) => [name, text])

const hashOf = (value: unknown): string => sha256(JSON.stringify(value))

/** The same few hundred expressions are read at every step of every build. */
const readings = new RecentlyUsed<Omit<Feature, 'name'>>(4096)

/** An expression of the past: only a label may look ahead. */
const known = (text: string, columns?: readonly string[]): Omit<Feature, 'name'> =>
  readings.of(JSON.stringify([text, columns]), () => {
    const expression = parse(text)
    assertColumns(expression, columns)
    const ahead = lookahead(expression)
    const early = ahead > 0 ? expression : aheadUnderCrossSection(expression)
    if (early !== undefined)
      throw new ExpressionError(
        text,
        forwardReference(early)?.at ?? 0,
        `this looks ${inSessions(ahead || lookahead(early))} ahead, which only a label may`,
      )
    return { text: print(expression), expression, lookback: lookback(expression) }
  })

const inSessions = (count: number) => `${count} session${count === 1 ? '' : 's'}`

/** What goes wrong names the feature. */
export function inFeature<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    throw new DomainError(error.code, `feature ${name}: ${error.message}`, { feature: name, ...error.place })
  }
}
