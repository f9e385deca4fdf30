/**
 * May this candidate become a model version? Judged once, on the test segment, against forecasters that cost nothing:
 * persistence, the training mean (climatology) and a ridge regression on the same features. The policy and its reasons:
 * docs/decisions/0004-registration-gate.md.
 *
 * Time-series labels, by squared error: better than persistence and than the mean, each at 90 % confidence, and not
 * significantly worse than the linear model. Cross-sectional labels, by RankIC: significantly above zero (what the mean
 * reaches), and not below persistence or the linear model. Every condition must hold, so testing several of them at
 * once makes the gate stricter, not looser (an intersection–union test).
 */
import { compareRankCorrelations, compareSquaredErrors, type Contest } from './compare-forecasts.ts'
import { type ForecastMetrics, forecastMetrics, type LabelKind } from './forecast-metrics.ts'
import type { Panel } from './panel.ts'

/** Fewer sessions say nothing about a model: inconclusive, which refuses. */
export const leastSessions = 60

export const baselineNames = ['persistence', 'mean', 'linear'] as const
export type BaselineName = (typeof baselineNames)[number]
export type Baselines<T> = Record<BaselineName, T>

export type GateVerdict = {
  passed: boolean
  /** one sentence with the figures */
  reason: string
  measure: 'squared-error' | 'rank-information-coefficient'
  comparisons: ({ baseline: BaselineName } & Contest)[]
}

export type Judgement = { candidate: ForecastMetrics; baselines: Baselines<ForecastMetrics>; gate: GateVerdict }

/** `reach` is how many sessions ahead the label reads. */
export function judgeCandidate(
  panel: Panel,
  kind: LabelKind,
  candidate: Float64Array,
  baselines: Baselines<Float64Array>,
  reach: number,
): Judgement {
  const { measured, own, measure, figures, comparisons, told } = compareAll(panel, kind, candidate, baselines, reach, baselineNames)
  const failed = comparisons.filter((comparison) => !holds(kind, comparison))
  const enough = own.sessions >= leastSessions
  const passed = enough && failed.length === 0
  const verdict = passed
    ? 'Passed'
    : enough
      ? `Refused, for it must ${failed.map(({ baseline }) => demand(kind, baseline)).join(' and ')}`
      : `Inconclusive, which refuses: a verdict needs ${leastSessions} sessions`
  return { candidate: own, baselines: measured, gate: { passed, reason: `${verdict}; ${figures}: ${told}`, measure, comparisons } }
}

/**
 * Persistence as a version of its own. A baseline is not asked to beat itself: it is registered as what others are
 * judged by, with its figures beside those of the other baselines.
 */
export function judgeBaseline(
  panel: Panel,
  kind: LabelKind,
  persistence: Float64Array,
  baselines: Baselines<Float64Array>,
  reach: number,
): Judgement {
  const others = baselineNames.filter((name) => name !== 'persistence')
  const { measured, own, measure, figures, comparisons, told } = compareAll(panel, kind, persistence, baselines, reach, others)
  const reason = `Registered as a baseline, which is not asked to beat itself; ${figures}: ${told}`
  return { candidate: own, baselines: measured, gate: { passed: true, reason, measure, comparisons } }
}

function compareAll(
  panel: Panel,
  kind: LabelKind,
  candidate: Float64Array,
  baselines: Baselines<Float64Array>,
  reach: number,
  rivals: readonly BaselineName[],
) {
  const metricsOf = (forecast: Float64Array) => forecastMetrics(panel, kind, forecast, baselines.persistence)
  const measured = { persistence: metricsOf(baselines.persistence), mean: metricsOf(baselines.mean), linear: metricsOf(baselines.linear) }
  const own = metricsOf(candidate)
  const compare = (name: BaselineName): Contest => {
    switch (kind) {
      case 'time-series':
        return compareSquaredErrors(panel, candidate, baselines[name], reach)
      case 'cross-sectional':
        return compareRankCorrelations(panel, candidate, name === 'mean' ? undefined : baselines[name], reach)
      default:
        return kind satisfies never
    }
  }
  const comparisons = rivals.map((baseline) => ({ baseline, ...compare(baseline) }))
  const measure: GateVerdict['measure'] = kind === 'time-series' ? 'squared-error' : 'rank-information-coefficient'
  const figure =
    kind === 'time-series' ? `squared error ${digits(own.meanSquaredError)}` : `mean RankIC ${digits(own.rankInformationCoefficient ?? 0)}`
  return {
    measured,
    own,
    measure,
    figures: `${figure} on ${own.sessions} sessions and ${own.rows} rows`,
    comparisons,
    told: comparisons.map((comparison) => tell(kind, comparison, measured[comparison.baseline])).join('; '),
  }
}

function holds(kind: LabelKind, { baseline, gain, verdict }: { baseline: BaselineName } & Contest): boolean {
  if (kind === 'time-series') return baseline === 'linear' ? verdict !== 'worse' : verdict === 'better'
  return baseline === 'mean' ? verdict === 'better' : gain >= 0
}

function demand(kind: LabelKind, baseline: BaselineName): string {
  if (kind === 'time-series')
    return baseline === 'linear' ? 'not be worse than the linear model' : `be better than ${shown(baseline)} at 90 % confidence`
  return baseline === 'mean' ? 'have a RankIC above zero at 90 % confidence' : `not be below ${shown(baseline)}`
}

function tell(
  kind: LabelKind,
  { baseline, verdict, gain, t, pValue }: { baseline: BaselineName } & Contest,
  metrics: ForecastMetrics,
): string {
  const test =
    t === null || pValue === null ? 'no difference to test' : `t ${t.toFixed(2)}, p ${pValue < 0.001 ? 'below 0.001' : pValue.toFixed(3)}`
  if (kind === 'cross-sectional' && baseline === 'mean') return `${verdict === 'better' ? 'above' : 'not above'} zero (${test})`
  const rival = kind === 'time-series' ? metrics.meanSquaredError : (metrics.rankInformationCoefficient ?? 0)
  const relation = {
    better: 'better than',
    worse: 'worse than',
    inconclusive: gain >= 0 ? 'a tie with, slightly better than,' : 'a tie with, slightly worse than,',
  }[verdict]
  return `${relation} ${shown(baseline)} ${digits(rival)} (${test})`
}

const shown = (baseline: BaselineName) => ({ persistence: 'persistence', mean: 'the training mean', linear: 'the linear model' })[baseline]

const digits = (value: number) => String(Number(value.toPrecision(4)))
