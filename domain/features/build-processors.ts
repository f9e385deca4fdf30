/**
 * Qlib's cross-sectional processors (qlib/data/dataset/processor.py) as expressions. A session's statistics are those of
 * its symbols and of nothing that is fitted, so that they belong to the build and not to the model: a recipe's processors up
 * to the last cross-sectional one are computed by the build, those after it are fitted by the trainer.
 */
import { DomainError } from '../domain-error.ts'
import { parse } from '../expressions/parse.ts'
import { print } from '../expressions/print.ts'
import type { FeatureSet } from '../feature-sets/feature-set.ts'
import { inFeature, type Label, readLabel } from './definitions.ts'

/** What a build can do to a column. */
export type BuildProcessor =
  | { kind: 'CSZScoreNorm'; method: 'zscore' | 'robust' }
  | { kind: 'CSRankNorm' }
  | { kind: 'CSZFillna' }
  | { kind: 'ProcessInf' }
  | { kind: 'Fillna'; fillValue: number }

const crossSectional: ReadonlySet<string> = new Set(['CSZScoreNorm', 'CSRankNorm', 'CSZFillna', 'ProcessInf'])
/** What they learn from the training rows is not there when a build is made. */
const fitted: ReadonlySet<string> = new Set(['RobustZScoreNorm', 'ZScoreNorm', 'MinMaxNorm'])

/**
 * The processors that the build computes, in their order. Choices of columns are none of them: they may stand anywhere.
 * @throws DomainError recipe_invalid when a cross-sectional one would read what is fitted before it
 */
export function buildProcessors(processors: readonly { kind: string }[]): BuildProcessor[] {
  const early = misplaced(processors)
  if (early !== undefined) throw new DomainError('recipe_invalid', early.problem, { processor: early.index + 1 })
  const last = processors.findLastIndex(({ kind }) => crossSectional.has(kind))
  return processors.slice(0, last + 1).filter((each): each is BuildProcessor => crossSectional.has(each.kind) || each.kind === 'Fillna')
}

/** The first cross-sectional processor that stands after one that is fitted, and what to do. */
export function misplaced(processors: readonly { kind: string }[]): { index: number; problem: string } | undefined {
  const first = processors.findIndex(({ kind }) => fitted.has(kind))
  const index = first === -1 ? -1 : processors.findIndex(({ kind }, at) => at > first && crossSectional.has(kind))
  if (index === -1) return undefined
  const problem = `${processors[index]!.kind} (processor ${index + 1}) is computed with the features, before ${processors[first]!.kind} (processor ${first + 1}) has been fitted on training rows: put it before`
  return { index, problem }
}

/** A set whose features the build has processed; without processors the set itself. */
export function processedSet(set: FeatureSet, processors: readonly BuildProcessor[]): FeatureSet {
  if (processors.length === 0) return set
  const features = set.features.map((feature) => ({
    ...feature,
    expression: inFeature(feature.name, () => processedText(feature.expression, processors)),
  }))
  return { ...set, features, processors: [...processors] }
}

/** A label and its naive forecast, each across the symbols of its session. @throws ExpressionError when it cannot be read */
export function processedLabel(label: Label, processors: readonly BuildProcessor[]): Label {
  if (processors.length === 0) return label
  const { text, persistence } = readLabel(label)
  const processed = { ...label, expression: processedText(text, processors) }
  // by default the processed label as it was known last
  return label.persistence === undefined ? processed : { ...processed, persistence: processedText(persistence.text, processors) }
}

/** Normalised, before and after: whatever is at fault is told of the expression as it was written. */
const processedText = (text: string, processors: readonly BuildProcessor[]): string =>
  print(parse(processors.reduce(applied, print(parse(text)))))

function applied(text: string, processor: BuildProcessor): string {
  switch (processor.kind) {
    case 'CSZScoreNorm':
      return processor.method === 'robust' ? `CSRobustZScore(${text})` : `CSZScore(${text})`
    case 'CSRankNorm':
      return `(CSRank(${text})-0.5)*3.46`
    case 'CSZFillna':
      return `CSFillna(${text})`
    case 'ProcessInf':
      return `CSProcessInf(${text})`
    case 'Fillna':
      // what is missing differs from itself
      return `If((${text})!=(${text}),${processor.fillValue},${text})`
    default:
      return processor satisfies never
  }
}
