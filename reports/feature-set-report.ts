/** The page of a feature set over a dataset: what each feature means, how it is distributed, and whether it can be trusted. */
import type { FeatureOverview } from '#contracts/feature-overview.ts'
import type { FeatureColumnStatistics } from '#contracts/feature-statistics.ts'
import { histogram } from './charts/histogram.ts'
import { checkSections, leadOf, verdictOf } from './feature-check-report.ts'
import { relationSections } from './feature-set/relations.ts'
import { decimals, figure, moment } from './figures.ts'
import { html } from './html.ts'
import { factList, renderPage, type Section } from './page.ts'
import { table } from './table.ts'

/** A self-contained page. Equal overviews are equal bytes. */
export function featureSetReport(overview: FeatureOverview): string {
  const { dataset, featureSet, statistics, check, absent } = overview
  const { name, version, description, builtIn, registeredBy, registeredAt } = featureSet
  return renderPage({
    title: `${name}@${version} over ${dataset}`,
    lead: description === '' ? `${statistics.features.length} features.` : description,
    facts: {
      features: statistics.features.length,
      'left out': absent.length === 0 ? null : `${absent.map((each) => each.name).join(', ')}: bars have no $${absent[0]!.column}`,
      'look-back': `${Math.max(...statistics.features.map(({ lookback }) => lookback))} sessions at most`,
      universe: statistics.universe ?? 'all symbols',
      rows: `${statistics.rows} of ${statistics.symbols} symbols, ${statistics.firstSession} to ${statistics.lastSession}`,
      label: html`<code>${statistics.label.expression}</code>, ${statistics.label.kind}`,
      check: check === null ? 'not checked yet: quantloop features check' : html`${verdictOf(check)}. ${leadOf(check)}`,
      registered: builtIn ? 'comes with the program' : `by ${registeredBy}, ${moment(registeredAt)}`,
      build: html`<code>${statistics.buildId}</code>`,
      snapshot: html`<code>${statistics.snapshotId}</code>`,
    },
    sections: [atAGlance(overview), ...relationSections(overview), each(overview), ...(check === null ? [] : checkSections(check))],
  })
}

const coverageOf = ({ rows, missing, infinite }: FeatureColumnStatistics) => `${decimals((100 * (rows - missing - infinite)) / rows, 1)} %`

const atAGlance = ({ statistics: { features } }: FeatureOverview): Section => ({
  title: 'At a glance',
  body: [
    table('Each feature is told further below', features, [
      { title: 'feature', value: ({ name }) => name },
      { title: 'look-back', value: ({ lookback }) => lookback, right: true },
      { title: 'coverage', value: coverageOf, right: true },
      { title: 'mean', value: ({ mean }) => figure(mean), right: true },
      { title: 'deviation', value: ({ deviation }) => figure(deviation), right: true },
      { title: 'rank ic', value: ({ rankIc }) => decimals(rankIc.mean), right: true },
      { title: 'closest', value: ({ closest }) => closest[0]?.name ?? null },
      { title: '', value: ({ closest }) => decimals(closest[0]?.correlation), right: true },
    ]),
  ],
})

function each({ statistics: { features, quantileShares }, meanings }: FeatureOverview): Section {
  const words = new Map(meanings.map((meaning) => [meaning.name, meaning]))
  return {
    title: 'The features',
    body: features.map((feature) => {
      const { name, byWidth, closest } = feature
      const meaning = words.get(name)!
      const at = (share: number) => figure(feature.quantiles[quantileShares.indexOf(share)])
      return html`<article id="feature-${name}">
        <h3>${name}</h3>
        <p>${capital(meaning.words)}${meaning.written || meaning.words.endsWith('.') ? null : '.'}</p>
        <p><code>${feature.expression}</code></p>
        ${histogram({ id: `histogram-${name}`, title: `How often ${name} has which value`, ...byWidth })}
        ${factList({
          'look-back': `${feature.lookback} sessions`,
          'first value': feature.firstSession,
          coverage: coverageOf(feature),
          infinite: feature.infinite === 0 ? null : feature.infinite,
          'mean ± deviation': feature.mean === null ? 'no value' : `${figure(feature.mean)} ± ${figure(feature.deviation) ?? '–'}`,
          range: feature.min === null ? null : `${figure(feature.min)} to ${figure(feature.max)}`,
          quartiles: feature.quantiles.length === 0 ? null : `${at(0.25)}, ${at(0.5)}, ${at(0.75)}`,
          'outside the picture': byWidth.below + byWidth.above === 0 ? null : `${byWidth.below} below, ${byWidth.above} above`,
          'goes with': closest.map((other) => `${other.name} ${decimals(other.correlation, 2)}`).join(', '),
        })}
      </article> `
    }),
  }
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)
