/** Which bars are there: symbol by month, over all symbols, and the gaps one by one. */
import type { QualityReport, SymbolQuality } from '#contracts/quality.ts'
import { chartFigure } from '../charts/figure.ts'
import { html } from '../html.ts'
import type { Section } from '../page.ts'
import { listing } from './listing.ts'

/** More rows than a page of a screen or two show nothing. */
const mostRows = 80

const levels = [
  { name: 'every session', tone: 'fourth', strength: 0.4 },
  { name: 'up to a tenth missing', tone: 'second', strength: 0.55 },
  { name: 'more missing', tone: 'second', strength: 1 },
  { name: 'no bar at all', tone: 'alarm', strength: 1 },
] as const

export function coverageSections(quality: QualityReport): Section[] {
  return [
    {
      title: 'Coverage',
      body: [
        html`<p>
          ${quality.present} of ${quality.expected} expected bars are there. A bar is expected on each session
          ${quality.calendar.basis === 'exchange' ? `of ${quality.calendar.name}` : 'of the data itself'} from a symbol’s first bar to its
          last.
        </p>`,
        heatMap(quality),
        ...byMonth(quality),
      ],
    },
    {
      title: 'Gaps',
      body: [
        listing('gaps', 'gap', quality.gaps, [
          { title: 'symbol', value: ({ symbol }) => symbol },
          { title: 'from', value: ({ from }) => from },
          { title: 'to', value: ({ to }) => to },
          { title: 'sessions', value: ({ sessions }) => sessions, right: true },
        ]),
      ],
    },
  ]
}

function heatMap({ months, symbols }: QualityReport) {
  const ranked = symbols.toSorted((a, b) => b.missing - a.missing || (a.symbol < b.symbol ? -1 : 1))
  const shown = ranked.slice(0, mostRows)
  const names = months.map(({ month }) => month)
  return chartFigure({
    kind: 'strips',
    id: 'coverage-by-symbol',
    title:
      shown.length < symbols.length
        ? `Bars by symbol and month: the ${mostRows} of ${symbols.length} symbols that miss most`
        : 'Bars by symbol and month',
    description: 'From each symbol’s first bar to its last. What lies outside is not listed yet, or no more.',
    xName: 'month',
    yName: 'symbol',
    x: names,
    levels,
    rows: shown.map((symbol) => ({ name: symbol.symbol, cells: cellsOf(symbol, names) })),
  })
}

function cellsOf({ firstSession, lastSession, incomplete }: SymbolQuality, months: readonly string[]): (number | null)[] {
  const [first, last] = [firstSession.slice(0, 7), lastSession.slice(0, 7)]
  const counts = new Map(incomplete.map((count) => [count.month, count]))
  return months.map((month) => {
    if (month < first || month > last) return null
    const count = counts.get(month)
    if (count === undefined) return 0
    if (count.present === 0) return 3
    return count.present >= 0.9 * count.expected ? 1 : 2
  })
}

function byMonth({ months, symbols }: QualityReport) {
  if (months.length < 2) return []
  const x = months.map(({ month }) => month)
  const full = months.every(({ expected, present }) => expected === present)
  return [
    ...(full
      ? []
      : [
          chartFigure({
            kind: 'lines',
            id: 'coverage-by-month',
            title: 'Part of the expected bars that are there',
            description: 'Over all symbols listed in the month. A fall that all share is the source’s, not a symbol’s.',
            xName: 'month',
            yName: '%',
            x,
            series: [
              {
                name: 'bars there',
                tone: 'first',
                values: months.map(({ expected, present }) => (expected === 0 ? null : (100 * present) / expected)),
              },
            ],
          }),
        ]),
    ...(symbols.length < 2
      ? []
      : [
          chartFigure({
            kind: 'lines',
            id: 'listed-by-month',
            title: 'Symbols listed',
            description: 'Symbols with a span that meets the month. A universe that only ever grows has lost its dead: survivorship.',
            xName: 'month',
            yName: 'symbols',
            x,
            series: [{ name: 'listed', tone: 'first', values: months.map(({ listed }) => listed) }],
          }),
        ]),
  ]
}
