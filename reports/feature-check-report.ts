/** The check of a feature build: the verdict, then what it rests on. */
import type { KeptFeatureCheck } from '#contracts/feature-checks.ts'
import { decimals, figure, moment, pValue } from './figures.ts'
import { type Html, html } from './html.ts'
import { renderPage, type Section } from './page.ts'
import { table } from './table.ts'

export type FeatureCheckStory = { dataset: string; check: KeptFeatureCheck }

/** A self-contained page. Equal stories are equal bytes. */
export function featureCheckReport({ dataset, check }: FeatureCheckStory): string {
  const { featureSet, label, lookAhead, acceptedBy } = check
  return renderPage({
    title: `Check of ${featureSet.name}@${featureSet.version} over ${dataset}`,
    lead: leadOf(check),
    facts: {
      verdict: verdictOf(check),
      accepted: acceptedBy === null ? null : `by ${acceptedBy}: ${check.acceptedReason}`,
      label: html`<code>${label.expression}</code>`,
      judged: label.kind,
      universe: check.universe ?? 'all symbols',
      'cut histories': `${lookAhead.cuts} of ${lookAhead.symbols} symbols, ${lookAhead.cells} values compared`,
      checked: moment(check.checkedAt),
      build: html`<code>${check.buildId}</code>`,
      snapshot: html`<code>${check.snapshotId}</code>`,
      seed: check.seed,
    },
    sections: checkSections(check),
  })
}

/** The sections of a check, for its own page and for that of the set. */
export const checkSections = (check: KeptFeatureCheck): Section[] => [foundIn(check), leakage(check), warmUp(check), judged(check)]

export function leadOf({ verdict, reasons, acceptedBy }: KeptFeatureCheck): string {
  switch (verdict) {
    case 'passed':
      return 'No value changes when later bars are cut off, and no feature seems to know the label.'
    case 'inconclusive':
      return `Nothing was found, on too little to say so: ${reasons.join('; ')}.`
    case 'refused':
      return acceptedBy === null ? 'These features may not be trained on as they are.' : 'What was found was accepted by a person.'
    default:
      return verdict satisfies never
  }
}

export const verdictOf = ({ verdict }: Pick<KeptFeatureCheck, 'verdict'>): Html =>
  html`<span class="${verdict === 'refused' ? 'critical' : verdict === 'inconclusive' ? 'warning' : 'sound'}">${verdict}</span>`

const foundIn = ({ verdict, reasons, lookAhead }: KeptFeatureCheck): Section => ({
  title: 'What was found',
  body: [
    reasons.length === 0
      ? html`<p>Nothing.</p>`
      : html`<div class="${verdict === 'refused' ? 'caution' : 'note'}">${reasons.map((reason) => html`<p>${reason}.</p> `)}</div>`,
    lookAhead.features.length === 0
      ? null
      : table('Features whose past changes, each with the first such value', lookAhead.features, [
          { title: 'feature', value: ({ name }) => name },
          { title: 'values', value: ({ cells }) => cells, right: true },
          { title: 'of', value: ({ symbol, session }) => `${symbol}, ${session}` },
          { title: 'cut after', value: ({ cutAfter }) => cutAfter },
          { title: 'stored', value: ({ stored }) => figure(stored), right: true },
          { title: 'recomputed', value: ({ recomputed }) => figure(recomputed), right: true },
        ]),
  ],
})

const leakage = ({ leakage: { features, before } }: KeptFeatureCheck): Section => ({
  title: 'Does a feature know the label?',
  body: [
    html`<p>
      Mean rank correlations: with the label, with the newest label that was known by then, and with the next one that does not overlap.
      What is made of the past goes with the past at least about as much; what leaks stands out at the label.
      ${before === null ? null : `Labels from ${before} on were not read: the test segment stays closed.`}
    </p>`,
    table('Those that go with the label most first', features.toSorted(byStrength), [
      { title: 'feature', value: ({ name, suspicious }) => (suspicious ? html`<span class="critical">${name}</span>` : name) },
      { title: 'label', value: ({ label }) => decimals(label), right: true },
      { title: 'known before', value: (each) => decimals(each.before), right: true },
      { title: 'next', value: ({ behind }) => decimals(behind), right: true },
      { title: 'observations', value: ({ observations }) => observations, right: true },
      { title: 'p', value: (each) => pValue(each.pValue), right: true },
    ]),
  ],
})

const byStrength = (a: { label: number | null }, b: { label: number | null }) => Math.abs(b.label ?? 0) - Math.abs(a.label ?? 0)

const warmUp = ({ warmUp: { rows, lengths, features } }: KeptFeatureCheck): Section => ({
  title: 'How much history a feature needs',
  body: [
    html`<p>
      Each feature was computed again from a later start, at ${rows} rows. Told is the mean squared difference from what the whole history
      gives, as a share of the feature’s own variance; a dash where a value was missing or there was too little history.
    </p>`,
    table('By sessions of history', features, [
      { title: 'feature', value: ({ name }) => name },
      { title: 'look-back', value: ({ lookback }) => lookback, right: true },
      { title: 'settles', value: ({ settles }) => settles ?? `beyond ${lengths.at(-1)}`, right: true },
      ...lengths.map((length, at) => ({
        title: String(length),
        value: ({ variance, missing }: (typeof features)[number]) => (missing[at]! > 0 ? null : share(variance[at]!)),
        right: true,
      })),
    ]),
  ],
})

const share = (value: number | null) => (value === null || value === 0 ? figure(value) : value < 1e-6 ? 'below 1e-6' : value.toPrecision(2))

const judged = ({ leakage: { plausibleExcess, familyError }, label, seed }: KeptFeatureCheck): Section => ({
  title: 'How it was judged',
  body: [
    html`<p>
      A feature looks ahead when any value differs, bit by bit, from the same value computed over a history that ends earlier. It is
      suspected to know the label when its correlation with it exceeds both others by more than ${plausibleExcess}, at a level of
      ${familyError} over all features together (Newey and West’s variance, Bonferroni);
      ${label.kind === 'cross-sectional' ? 'each session is one observation' : 'each block of 60 sessions is one observation, the mean of its symbols'}.
      Symbols, cuts and rows were drawn with the seed ${seed}.
    </p>`,
  ],
})
