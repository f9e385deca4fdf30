import type { FeatureOverview } from '#contracts/feature-overview.ts'
import type { FeatureColumnStatistics } from '#contracts/feature-statistics.ts'
import type { StripChart } from '../charts/chart.ts'
import { chartFigure } from '../charts/figure.ts'
import { decimals } from '../figures.ts'
import { type Html, html } from '../html.ts'
import type { Section } from '../page.ts'
import { table } from '../table.ts'

/** More rows than these are no picture any more. */
const mostRows = 60
const mostSquares = 40
const mostPairs = 60
const nearlyTheSame = 0.95

/** How the features go with the label by year, and with each other. */
export const relationSections = (overview: FeatureOverview): Section[] => [byYear(overview), together(overview)]

const levels = (bounds: readonly [number, number]): StripChart['levels'] => [
  { name: `below −${bounds[1]}`, tone: 'second', strength: 0.9 },
  { name: `−${bounds[1]} to −${bounds[0]}`, tone: 'second', strength: 0.45 },
  { name: `within ±${bounds[0]}`, tone: 'third', strength: 0.15 },
  { name: `${bounds[0]} to ${bounds[1]}`, tone: 'first', strength: 0.45 },
  { name: `above ${bounds[1]}`, tone: 'first', strength: 0.9 },
]

const levelOf = (value: number | null | undefined, [small, large]: readonly [number, number]): number | null => {
  if (value === null || value === undefined) return null
  const size = Math.abs(value) < small ? 0 : Math.abs(value) < large ? 1 : 2
  return 2 + Math.sign(value) * size
}

function byYear({ statistics: { features, label } }: FeatureOverview): Section {
  const ranked = features.toSorted((a, b) => strength(b) - strength(a))
  const years = [...new Set(features.flatMap(({ rankIc }) => rankIc.years.map(({ year }) => year)))].sort()
  const shown = ranked.slice(0, mostRows)
  const bounds = label.kind === 'cross-sectional' ? ([0.02, 0.05] as const) : ([0.05, 0.2] as const)
  const cellsOf = ({ rankIc }: FeatureColumnStatistics) => {
    const means = new Map(rankIc.years.map(({ year, mean }) => [year, mean]))
    return years.map((year) => means.get(year) ?? null)
  }
  const group = label.kind === 'cross-sectional' ? 'session' : 'symbol and year'
  return {
    title: 'Rank correlation with the label, by year',
    body: [
      years.length === 0
        ? html`<p>There is none: too few rows have a label.</p>`
        : chartFigure({
            kind: 'strips',
            id: 'ic-by-year',
            title: shown.length < features.length ? `The ${shown.length} strongest of ${features.length} features` : 'Strongest first',
            description: `Spearman’s correlation of feature and label, the mean of each ${group}. What holds up keeps its colour through the years. A year in which a model is to be tested is looked into here.`,
            xName: 'year',
            yName: 'feature',
            x: years,
            nameWidth: 150,
            levels: levels(bounds),
            rows: shown.map((each) => ({ name: each.name, cells: cellsOf(each).map((value) => levelOf(value, bounds)) })),
          }),
      years.length === 0
        ? null
        : html`<details>
            <summary>The coefficients</summary>
            ${table(`Means by year; all of ${group}s at the left`, ranked, [
              { title: 'feature', value: ({ name }) => name },
              { title: 'all', value: ({ rankIc }) => decimals(rankIc.mean), right: true },
              { title: 'deviation', value: ({ rankIc }) => decimals(rankIc.deviation), right: true },
              ...years.map((year, at) => ({
                title: year,
                value: (each: FeatureColumnStatistics) => decimals(cellsOf(each)[at]),
                right: true,
              })),
            ])}
          </details>`,
    ],
  }
}

const strength = ({ rankIc }: FeatureColumnStatistics) => Math.abs(rankIc.mean ?? 0)

function together({ statistics: { features, correlations } }: FeatureOverview): Section {
  const names = features.map(({ name }) => name)
  const bounds = [0.3, 0.8] as const
  const pairs = names
    .flatMap((a, row) => names.slice(row + 1).map((b, at) => ({ a, b, correlation: correlations.matrix[row]![row + 1 + at]! })))
    .filter(({ correlation }) => correlation !== null && Math.abs(correlation) >= nearlyTheSame)
    .sort((x, y) => Math.abs(y.correlation) - Math.abs(x.correlation))
  const picture: Html | null =
    names.length < 2 || names.length > mostSquares
      ? null
      : chartFigure({
          kind: 'strips',
          id: 'correlations',
          title: 'Each with each',
          description: 'Rank correlations of the features, in their order. Blocks of one colour tell the same story several times.',
          xName: 'feature',
          yName: 'feature',
          x: names,
          nameWidth: 150,
          levels: levels(bounds),
          rows: names.map((name, row) => ({ name, cells: correlations.matrix[row]!.map((value) => levelOf(value, bounds)) })),
        })
  return {
    title: 'Correlation with each other',
    body: [
      picture,
      pairs.length === 0
        ? html`<p>No two features have a rank correlation of ${nearlyTheSame} or more.</p>`
        : table(
            `${pairs.length > mostPairs ? `The closest ${mostPairs} of ${pairs.length}` : pairs.length} pairs with ${nearlyTheSame} or more, over ${correlations.sampledRows} rows spread evenly`,
            pairs.slice(0, mostPairs),
            [
              { title: 'feature', value: ({ a }) => a },
              { title: 'and', value: ({ b }) => b },
              { title: 'correlation', value: ({ correlation }) => decimals(correlation), right: true },
            ],
          ),
    ],
  }
}
