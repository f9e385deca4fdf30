/** The quality report of a snapshot: what to look at first, then the evidence, then how it was judged. */
import type { QualityReport } from '#contracts/quality.ts'
import { decimals, moment } from './figures.ts'
import { html } from './html.ts'
import { factList, renderPage, type Section } from './page.ts'
import { coverageSections } from './quality/coverage.ts'
import { priceSections } from './quality/prices.ts'
import type { QualityStory } from './quality/story.ts'
import { table } from './table.ts'

/** A longer list is in the JSON report. */
const mostSymbols = 500

/** A self-contained page. Equal stories are equal bytes. */
export function qualityReport({ snapshot, quality }: QualityStory): string {
  const { calendar, expected, present } = quality
  return renderPage({
    title: `Quality of ${snapshot.dataset}`,
    lead: leadOf(quality),
    facts: {
      snapshot: html`<code>${snapshot.id}</code>`,
      landed: moment(snapshot.createdAt),
      bars: `${quality.rows} of ${quality.symbols.length} symbols`,
      sessions: `${quality.sessions} ${calendar.basis === 'exchange' ? `of ${calendar.name}` : 'of the data itself'}, ${quality.firstSession} to ${quality.lastSession}`,
      coverage: expected === 0 ? null : `${decimals((100 * present) / expected, 2)} %`,
      'corporate actions': quality.actions,
      'rows refused': quality.quarantine.rows,
      'when each became known': quality.knownAtBasis,
    },
    sections: [found(quality), ...coverageSections(quality), ...priceSections(quality), refused(quality), listed(quality), judged(quality)],
  })
}

function leadOf({ findings, expected, present }: QualityReport): string {
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length
  const [critical, warnings] = [count('critical'), count('warning')]
  const verdict =
    critical > 0
      ? `Figures made from these bars may be wrong: ${counted(critical, 'critical finding')} and ${counted(warnings, 'warning')}.`
      : warnings > 0
        ? `Nothing critical was found, and ${counted(warnings, 'warning')} to look at before use.`
        : 'Nothing critical was found, and no warning.'
  return present === expected ? `${verdict} Every expected bar is there.` : verdict
}

const counted = (count: number, name: string) => `${count === 0 ? 'no' : count} ${name}${count === 1 ? '' : 's'}`

const found = ({ findings }: QualityReport): Section => ({
  title: 'What to look at',
  body: [
    findings.length === 0
      ? html`<p>Nothing. What was looked for stands at the end.</p>`
      : table('Worst first', findings, [
          { title: 'severity', value: ({ severity }) => html`<span class="${severity}">${severity}</span>` },
          { title: 'count', value: ({ count }) => count, right: true },
          { title: 'finding', value: ({ text }) => text },
        ]),
  ],
})

const refused = ({ quarantine: { rows, reasons } }: QualityReport): Section => ({
  title: 'Refused rows',
  body: [
    rows === 0
      ? html`<p>The sync that made this snapshot refused no row.</p>`
      : table(`${rows} rows, by reason: what is quoted and numbers are left out`, reasons, [
          { title: 'rows', value: (reason) => reason.rows, right: true },
          { title: 'reason', value: ({ reason }) => reason },
          { title: 'first in', value: ({ example }) => `${example.file}, line ${example.line}` },
          { title: 'its row', value: ({ example }) => html`<code>${example.raw}</code>` },
        ]),
  ],
})

const statuses = { listed: 'listed', delisted: 'delisted', renamed: 'renamed', ended: 'ends early' } as const

function listed({ symbols }: QualityReport): Section {
  const shown = symbols.slice(0, mostSymbols)
  const caption = shown.length < symbols.length ? `The first ${shown.length} of ${symbols.length} symbols` : `${symbols.length} symbols`
  return {
    title: 'Symbols',
    body: [
      table(caption, shown, [
        { title: 'symbol', value: ({ symbol }) => symbol },
        { title: 'first bar', value: ({ firstSession }) => firstSession },
        { title: 'last bar', value: ({ lastSession }) => lastSession },
        {
          title: 'status',
          value: ({ status }) => (status === 'ended' ? html`<span class="warning">${statuses[status]}</span>` : statuses[status]),
        },
        { title: 'bars', value: ({ rows }) => rows, right: true },
        { title: 'missing', value: ({ missing }) => missing, right: true },
        { title: 'off calendar', value: ({ offCalendar }) => offCalendar, right: true },
        { title: 'stale', value: ({ staleSessions }) => staleSessions, right: true },
        { title: 'no volume', value: ({ zeroVolumeSessions }) => zeroVolumeSessions, right: true },
        { title: 'odd', value: ({ oddBars }) => oddBars, right: true },
        { title: 'largest z', value: ({ largestZ }) => decimals(largestZ, 1), right: true },
      ]),
    ],
  }
}

function judged({ calendar, thresholds, engineVersion }: QualityReport): Section {
  return {
    title: 'How it was judged',
    body: [
      factList({
        sessions:
          calendar.basis === 'exchange'
            ? `those of ${calendar.name}, whose calendar fits the bars`
            : 'days on which at least a tenth of the listed symbols have a bar, for no known calendar fits',
        'extreme move': `a log return after actions at least ${thresholds.outlierZ} times 1.4826 median absolute deviations from the symbol’s median, of at least ${thresholds.outlierReturns} returns`,
        'split-sized': 'a raw move, or a high or low beyond open and close, by a third up or a quarter down',
        'taken back': `by the next session, but for at most ${100 * thresholds.reversalPart} % of it`,
        'stale price': `at least ${thresholds.staleSessions} equal closes in a row`,
        'long gap': `at least ${thresholds.longGapSessions} sessions`,
        'vendor’s adjusted close': `differs when the logs of the returns differ by more than ${thresholds.disagreementLog}`,
        'engine version': engineVersion,
      }),
    ],
  }
}
