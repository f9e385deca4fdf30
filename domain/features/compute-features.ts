import type { Expression } from '../expressions/expression.ts'
import { evaluateInto, type Recursion } from '../expressions/evaluate.ts'
import { type Plan, plan } from '../expressions/plan.ts'
import type { FeatureDefinition, FeatureSet } from '../feature-sets/feature-set.ts'
import type { CorporateAction } from '../market/actions.ts'
import { adjustBars } from '../market/factors.ts'
import type { BarColumns } from '../market/bars.ts'
import { knownColumns } from './bar-columns.ts'
import { readFeatures } from './definitions.ts'

/**
 * The features of one symbol: one float32 column each, on the bars' own sessions, NaN until an operator's warm-up is
 * over. The same bars, actions and expressions give the same bytes. None may read other symbols: see compute-market.ts.
 * @throws DomainError expression_invalid | feature_column_absent
 */
export function computeFeatures(
  features: Pick<FeatureSet, 'features'> | readonly FeatureDefinition[],
  bars: BarColumns,
  actions: readonly CorporateAction[],
): Float32Array[] {
  const definitions = 'features' in features ? features.features : features
  return computeColumns(
    readFeatures(definitions).map(({ expression }) => expression),
    bars,
    actions,
  )
}

/** As `computeFeatures`, for expressions that were read already; a label's may look ahead, and its last rows are NaN. */
export function computeColumns(
  expressions: readonly Expression[],
  bars: BarColumns,
  actions: readonly CorporateAction[],
  given?: GivenColumns,
): Float32Array[] {
  const answers = expressions.map(() => new Float32Array(bars.sessions.length))
  runPlan(planColumns(expressions), adjustBars(bars, actions), answers, given)
  return answers
}

/** What many symbols share: one plan serves them all. */
export const planColumns = (expressions: readonly Expression[]): Plan => plan(expressions, knownColumns)

/** Cross-sections by their text, computed before: one value a row. */
export type GivenColumns = ReadonlyMap<string, Float32Array>

/**
 * Runs a plan over bars that were adjusted, and cross-sections that it reads, into columns that are there, one an expression,
 * of the rows from `first` on; with `recursion`, recursive steps go on and their states are kept.
 */
export function runPlan(
  columns: Plan,
  { open, high, low, close, volume, vwap }: Pick<BarColumns, 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap'>,
  answers: readonly Float32Array[],
  given: GivenColumns = new Map(),
  first = 0,
  recursion?: Recursion,
): void {
  const readsVwap = columns.steps.some((step) => step.kind === 'column' && step.name === 'vwap')
  // a symbol may lack what others of its source have
  const optional = readsVwap ? { vwap: vwap ?? new Float64Array(close.length).fill(Number.NaN) } : {}
  const crossSections = Object.fromEntries([...given].map(([text, values]) => [text, Float64Array.from(values)]))
  evaluateInto(columns, { open, high, low, close, volume, ...optional, ...crossSections }, answers, first, recursion)
}
