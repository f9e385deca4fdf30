/** What two snapshots say differently: how much, where in time, in which symbols, and the single values. */
import type { BarChange, Comparison } from '#contracts/snapshots.ts'
import { chartFigure } from './charts/figure.ts'
import { figure } from './figures.ts'
import { type Html, html } from './html.ts'
import { renderPage, type Section } from './page.ts'
import { table } from './table.ts'

/** More bars, points or rows than this show nothing. */
const mostSymbols = 25
const mostPoints = 400
const mostRows = 500
const mostNames = 60

/** A self-contained page. Equal comparisons are equal bytes. */
export function comparisonReport(comparison: Comparison): string {
  const { before, after, bars, symbols, sessions, actions, read } = comparison
  const changed = bars.added + bars.removed + bars.revised
  const changedActions = actions.added.length + actions.removed.length + actions.changed.length
  return renderPage({
    title: `What changed in ${after.dataset}`,
    lead:
      changed + changedActions === 0
        ? 'Both snapshots hold the same bars and the same corporate actions.'
        : `${bars.added} bars were added, ${bars.removed} removed and ${bars.revised} revised; ${changedActions} corporate actions differ.`,
    facts: {
      before: html`<code>${before.snapshotId}</code>`,
      'before, through': `${before.lastSession}, ${before.rows} rows from ${before.firstSession}`,
      after: html`<code>${after.snapshotId}</code>`,
      'after, through': `${after.lastSession}, ${after.rows} rows from ${after.firstSession}`,
      'symbols added': named(symbols.added),
      'symbols removed': named(symbols.removed),
      'sessions added': named(sessions.added),
      'sessions removed': named(sessions.removed),
      read: `${read.chunks} of ${read.ofChunks} chunks: the others are in both`,
    },
    sections: [
      ...inTime(comparison),
      ...inSymbols(comparison),
      ...closes(comparison),
      ...revisions(comparison),
      ...actionSections(comparison),
    ],
  })
}

const named = (names: readonly string[]): string | null =>
  names.length === 0
    ? null
    : names.length <= mostNames
      ? names.join(', ')
      : `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`

function inTime({ bySession }: Comparison): Section[] {
  if (bySession.length < 2) return []
  const months = bySession.length > mostPoints
  const points = months ? byMonth(bySession) : bySession
  const values = (kind: 'added' | 'removed' | 'revised') => points.map((point) => point[kind])
  return [
    {
      title: 'Where in time',
      body: [
        chartFigure({
          kind: 'lines',
          id: 'changes-in-time',
          title: months ? 'Changed bars by month' : 'Changed bars by session',
          description: `Only ${months ? 'months' : 'sessions'} with a change are on the axis.`,
          xName: months ? 'month' : 'session',
          yName: 'bars',
          x: points.map(({ session }) => session),
          series: [
            { name: 'revised', tone: 'alarm', values: values('revised') },
            { name: 'added', tone: 'first', values: values('added') },
            { name: 'removed', tone: 'third', dashed: true, values: values('removed') },
          ],
        }),
      ],
    },
  ]
}

function byMonth(sessions: Comparison['bySession']): Comparison['bySession'] {
  const months = new Map<string, Comparison['bySession'][number]>()
  for (const { session, added, removed, revised } of sessions) {
    const month = session.slice(0, 7)
    const sum = months.get(month) ?? { session: month, added: 0, removed: 0, revised: 0 }
    months.set(month, { session: month, added: sum.added + added, removed: sum.removed + removed, revised: sum.revised + revised })
  }
  return [...months.values()]
}

function inSymbols({ bySymbol }: Comparison): Section[] {
  if (bySymbol.length === 0) return []
  const ranked = bySymbol
    .map((counts) => ({ ...counts, value: counts.added + counts.removed + counts.revised }))
    .toSorted((a, b) => b.value - a.value || (a.symbol < b.symbol ? -1 : 1))
  const shown = ranked.slice(0, mostSymbols)
  return [
    {
      title: 'In which symbols',
      body: [
        chartFigure({
          kind: 'bars',
          id: 'changes-by-symbol',
          title:
            ranked.length > mostSymbols ? `The ${mostSymbols} symbols that changed most, of ${ranked.length}` : 'Changed bars by symbol',
          description: 'Added, removed and revised bars together.',
          xName: 'symbol',
          yName: 'bars',
          bars: shown.map(({ symbol, value }) => ({ name: symbol, value })),
        }),
        table('Changed bars by symbol', shown, [
          { title: 'symbol', value: ({ symbol }) => symbol },
          { title: 'added', value: ({ added }) => added, right: true },
          { title: 'removed', value: ({ removed }) => removed, right: true },
          { title: 'revised', value: ({ revised }) => revised, right: true },
        ]),
      ],
    },
  ]
}

/** By how much closes were revised: a fault of a vendor shows as a heap far from zero. */
function closes({ changes, listed }: Comparison): Section[] {
  const moves = changes.flatMap(({ values: { close } }) =>
    typeof close?.before === 'number' && typeof close.after === 'number' && close.before !== 0
      ? [100 * (close.after / close.before - 1)]
      : [],
  )
  if (moves.length < 5) return []
  return [
    {
      title: 'By how much closes were revised',
      body: [
        chartFigure({
          kind: 'distribution',
          id: 'revised-closes',
          title: `${moves.length} revised closes${listed.complete ? '' : ', of the first changes'}`,
          description: 'New close over old close, minus one, in percent.',
          xName: 'percent',
          yName: 'bars',
          values: moves,
          mark: { name: 'as before', value: 0 },
        }),
      ],
    },
  ]
}

function revisions({ changes, listed, bars }: Comparison): Section[] {
  const revised = changes.filter(({ kind }) => kind === 'revised')
  const rest = changes.filter(({ kind }) => kind !== 'revised')
  const parts = [
    ...(revised.length === 0 ? [] : [changeTable('Revised bars', revised, bars.revised, listed.complete)]),
    ...(rest.length === 0 ? [] : [changeTable('Added and removed bars', rest, bars.added + bars.removed, listed.complete)]),
  ]
  return parts.length === 0 ? [] : [{ title: 'Single bars', body: parts }]
}

function changeTable(title: string, changes: readonly BarChange[], all: number, complete: boolean): Html {
  const shown = changes.slice(0, mostRows)
  const caption = complete && shown.length === all ? title : `${title}: ${shown.length} of ${all}`
  return table(caption, shown, [
    { title: 'symbol', value: ({ symbol }) => symbol },
    { title: 'session', value: ({ session }) => session },
    { title: 'what', value: ({ kind }) => kind },
    {
      title: 'old → new',
      value: ({ values }) =>
        Object.entries(values)
          .map(([column, { before, after }]) => `${column} ${valueOf(before)} → ${valueOf(after)}`)
          .join('; '),
    },
  ])
}

const valueOf = (value: number | string | null) => (value === null ? 'none' : String(value))

function actionSections({ actions: { added, removed, changed } }: Comparison): Section[] {
  const rows = [
    ...changed.map(({ before, after }) => ({ what: 'changed', action: after, old: before })),
    ...added.map((action) => ({ what: 'added', action, old: undefined })),
    ...removed.map((action) => ({ what: 'removed', action, old: undefined })),
  ]
  if (rows.length === 0) return []
  return [
    {
      title: 'Corporate actions',
      body: [
        table(rows.length > mostRows ? `${mostRows} of ${rows.length} actions` : 'Actions', rows.slice(0, mostRows), [
          { title: 'symbol', value: ({ action }) => action.symbol },
          { title: 'ex-date', value: ({ action }) => action.exDate },
          { title: 'kind', value: ({ action }) => action.kind },
          { title: 'what', value: ({ what }) => what },
          { title: 'old', value: ({ old }) => (old === undefined ? null : sizeOf(old)), right: true },
          { title: 'size', value: ({ action }) => sizeOf(action), right: true },
        ]),
      ],
    },
  ]
}

const sizeOf = ({ ratio, cash }: { ratio?: number | undefined; cash?: number | undefined }) => figure(ratio ?? cash)
