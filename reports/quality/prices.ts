/** Prices that are worth a look: extreme moves, prices that stand still, bars that do not fit, and the vendor's other story. */
import type { QualityReport } from '#contracts/quality.ts'
import { chartFigure } from '../charts/figure.ts'
import { decimals, figure } from '../figures.ts'
import { html } from '../html.ts'
import type { Section } from '../page.ts'
import { listing } from './listing.ts'

/** Fewer values make no distribution. */
const fewSymbols = 12

export function priceSections(quality: QualityReport): Section[] {
  return [moves(quality), standing(quality), shapes(quality), vendor(quality)]
}

function moves({ moves: listed, symbols, thresholds }: QualityReport): Section {
  const largest = symbols.flatMap(({ largestZ }) => (largestZ === null ? [] : [Math.abs(largestZ)]))
  return {
    title: 'Extreme moves',
    body: [
      html`<p>
        Returns at least ${thresholds.outlierZ} robust deviations from the symbol’s median return, after the known actions, and raw moves as
        large as a split. What an action, the vendor’s adjusted close or a person explains is real; what the next session takes back is more
        likely a wrong price than news.
      </p>`,
      largest.length < fewSymbols
        ? null
        : chartFigure({
            kind: 'distribution',
            id: 'largest-moves',
            title: 'Each symbol’s most extreme return',
            description: `In robust deviations (1.4826 times the median absolute deviation). Those right of ${thresholds.outlierZ} are listed.`,
            xName: 'robust z',
            yName: 'symbols',
            values: largest,
            mark: { name: 'listed', value: thresholds.outlierZ },
          }),
      listing('extreme moves', 'extreme move', listed, [
        { title: 'symbol', value: ({ symbol }) => symbol },
        { title: 'session', value: ({ session }) => session },
        { title: 'close before', value: ({ previousClose }) => figure(previousClose), right: true },
        { title: 'close', value: ({ close }) => figure(close), right: true },
        { title: 'change', value: ({ change }) => percent(change), right: true },
        { title: 'z', value: ({ z }) => decimals(z, 1), right: true },
        { title: 'explained by', value: ({ explainedBy }) => explainedBy?.replace('-', ' ') ?? 'nothing' },
        { title: 'next session', value: ({ reverses }) => (reverses ? html`<span class="critical">takes it back</span>` : null) },
      ]),
    ],
  }
}

function standing({ stale, zeroVolume, thresholds }: QualityReport): Section {
  return {
    title: 'Prices that stand still',
    body: [
      listing(`runs of at least ${thresholds.staleSessions} equal closes`, `run of ${thresholds.staleSessions} equal closes`, stale, [
        { title: 'symbol', value: ({ symbol }) => symbol },
        { title: 'from', value: ({ from }) => from },
        { title: 'to', value: ({ to }) => to },
        { title: 'sessions', value: ({ sessions }) => sessions, right: true },
        { title: 'close', value: ({ close }) => figure(close), right: true },
        { title: 'volume meanwhile', value: ({ volume }) => figure(volume), right: true },
      ]),
      listing('symbols with sessions without volume', 'session without volume', zeroVolume, [
        { title: 'symbol', value: ({ symbol }) => symbol },
        { title: 'sessions without', value: ({ sessions }) => sessions, right: true },
        { title: 'of', value: ({ rows }) => rows, right: true },
        { title: 'longest run', value: ({ longest }) => longest.sessions, right: true },
        { title: 'from', value: ({ longest }) => longest.from },
        { title: 'to', value: ({ longest }) => longest.to },
      ]),
    ],
  }
}

const shapeNames = {
  contradictory: 'open or close outside low to high',
  'spike-up': 'high far above',
  'spike-down': 'low far below',
} as const

const shapes = ({ shapes: listed }: QualityReport): Section => ({
  title: 'Odd bars',
  body: [
    listing('odd bars', 'bar with prices that do not fit each other', listed, [
      { title: 'symbol', value: ({ symbol }) => symbol },
      { title: 'session', value: ({ session }) => session },
      { title: 'what', value: ({ kind }) => shapeNames[kind] },
      { title: 'open', value: ({ open }) => figure(open), right: true },
      { title: 'high', value: ({ high }) => figure(high), right: true },
      { title: 'low', value: ({ low }) => figure(low), right: true },
      { title: 'close', value: ({ close }) => figure(close), right: true },
      { title: 'beyond', value: ({ beyond }) => percent(beyond), right: true },
    ]),
  ],
})

const vendor = ({ disagreements, thresholds }: QualityReport): Section => ({
  title: 'Against the vendor’s adjusted close',
  body: [
    html`<p>
      A holder’s return from the bars and the known actions, beside that of the vendor’s adjusted series: sessions on which their logs
      differ by more than ${thresholds.disagreementLog}.
    </p>`,
    listing('returns that differ', 'return that differs', disagreements, [
      { title: 'symbol', value: ({ symbol }) => symbol },
      { title: 'session', value: ({ session }) => session },
      { title: 'ours', value: ({ ours }) => percent(ours), right: true },
      { title: 'the vendor’s', value: ({ vendors }) => percent(vendors), right: true },
    ]),
  ],
})

const percent = (part: number) => `${decimals(100 * part, 2)} %`
