/** The registration gate's evidence: figures beside the baselines, its tests, and the errors session by session. */
import type { Comparison, Evaluation, ForecastMetrics } from '#contracts/training.ts'
import { chartFigure } from '../charts/figure.ts'
import { decimals, figure, pValue } from '../figures.ts'
import { html } from '../html.ts'
import type { Section } from '../page.ts'
import { table } from '../table.ts'
import { trailingMean } from '../trailing-mean.ts'
import type { TrainingRunStory } from './story.ts'

/** Sessions over which an error is averaged to be drawn: one session of few symbols is mostly noise. */
const span = 20

const baselineNames = ['persistence', 'mean', 'linear'] as const

export function judgementSections({ run: { evaluation }, errors }: Pick<TrainingRunStory, 'run' | 'errors'>): Section[] {
  if (evaluation === null) return []
  return [
    {
      title: 'How it was judged',
      body: [
        html`<p>
          On ${evaluation.range.from} to ${evaluation.range.to}, which was opened
          ${evaluation.openings === 1 ? 'once' : `${evaluation.openings} times`}. The gate compares it with forecasts that cost nothing,
          session by session.
        </p>`,
        metricsTable(evaluation),
        comparisonTable(evaluation.gate.comparisons),
      ],
    },
    ...(errors === null
      ? []
      : [
          {
            title: 'Its errors over the test sessions',
            body: [
              chartFigure({
                kind: 'lines',
                id: 'test-errors',
                title: 'Squared error',
                description: `Mean of ${span} sessions up to each. Lower is better; the candidate should be below the others.`,
                xName: 'session',
                yName: 'squared error',
                x: errors.sessions,
                series: [
                  { name: 'candidate', tone: 'first', values: trailingMean(errors.candidate, span) },
                  { name: 'linear', tone: 'second', values: trailingMean(errors.baselines.linear, span) },
                  { name: 'persistence', tone: 'third', dashed: true, values: trailingMean(errors.baselines.persistence, span) },
                ],
              }),
              chartFigure({
                kind: 'distribution',
                id: 'test-gains',
                title: 'Gain over persistence by session',
                description:
                  'Fall of the squared error in each session. The gate asks whether its mean is above zero; the width shows how little one session says.',
                xName: 'gain',
                yName: 'sessions',
                values: errors.candidate.map((error, index) => errors.baselines.persistence[index]! - error),
                mark: { name: 'no gain', value: 0 },
              }),
            ],
          },
        ]),
  ]
}

function metricsTable({ candidate, baselines }: Evaluation) {
  const rows: [string, ForecastMetrics][] = [
    ['candidate', candidate],
    ...baselineNames.map((name) => [name, baselines[name]] as [string, ForecastMetrics]),
  ]
  const coefficients: [string, keyof ForecastMetrics][] = [
    ['IC', 'informationCoefficient'],
    ['RankIC', 'rankInformationCoefficient'],
    ['ICIR', 'informationRatio'],
    ['RankICIR', 'rankInformationRatio'],
  ]
  const known = coefficients.filter(([, key]) => candidate[key] !== null)
  const level = candidate.skill !== null
  return table(`${candidate.rows} rows of ${candidate.sessions} sessions`, rows, [
    { title: 'forecast', value: ([name]) => name },
    { title: 'squared error', value: ([, metrics]) => decimals(metrics.meanSquaredError, 4), right: true },
    { title: 'bias', value: ([, metrics]) => decimals(metrics.bias), right: true },
    ...(level
      ? [
          { title: 'skill', value: ([, metrics]: [string, ForecastMetrics]) => decimals(metrics.skill), right: true },
          { title: 'correlation', value: ([, metrics]: [string, ForecastMetrics]) => decimals(metrics.symbolCorrelation), right: true },
        ]
      : []),
    ...known.map(([title, key]) => ({ title, value: ([, metrics]: [string, ForecastMetrics]) => decimals(metrics[key]), right: true })),
  ])
}

const comparisonTable = (comparisons: readonly Comparison[]) =>
  table('The gate’s tests: a paired, session-clustered t of the candidate’s gain, one-sided', comparisons, [
    { title: 'against', value: ({ baseline }) => baseline },
    { title: 'gain', value: ({ gain }) => figure(gain), right: true },
    { title: 't', value: ({ t }) => decimals(t, 2), right: true },
    { title: 'p', value: (comparison) => pValue(comparison.pValue), right: true },
    { title: 'sessions', value: ({ sessions }) => sessions, right: true },
    { title: 'verdict', value: ({ verdict }) => verdict },
  ])
