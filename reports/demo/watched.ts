/** What the supervisor saw: the losses of everybody in play, the CUSUM of the champion's, and the drift of the features. */
import type { MonitorPoint } from '#contracts/supervision.ts'
import type { LineChart, Tone } from '../charts/chart.ts'
import { chartFigure } from '../charts/figure.ts'
import { decimals, figure, pValue } from '../figures.ts'
import { html } from '../html.ts'
import type { Section } from '../page.ts'
import { table } from '../table.ts'
import { trailingMean } from '../trailing-mean.ts'
import { type DemoStory, versionName } from './story.ts'

/** One session of four stocks is mostly noise. */
const span = 10

const isPersistence = (forecaster: string) => forecaster.startsWith('persistence/')

export function watchedSections(story: DemoStory): Section[] {
  const sessions = [...new Set(story.scores.map(({ session }) => session))].toSorted()
  if (sessions.length === 0) return []
  return [
    {
      title: 'What the models lost',
      body: [
        chartFigure(losses(story, sessions)),
        byMonth(story, 'loss', 'By month: squared error'),
        byMonth(story, 'bias', 'By month: bias, the forecast less the outcome; below zero when ranges were wider than forecast'),
      ],
    },
    { title: 'When decay was called', body: [decay(story, sessions), alerts(story)] },
    ...drift(story),
  ]
}

/** A model has one colour in every chart, by the order in which the models came. */
function lookOf({ scores }: DemoStory, model: string): { tone: Tone; dashed: boolean } {
  const tones: Tone[] = ['first', 'second', 'fourth']
  const place = modelsOf(scores).indexOf(model)
  return { tone: tones[Math.max(0, place) % tones.length]!, dashed: place >= tones.length }
}

const modelsOf = (scores: DemoStory['scores']) => [
  ...new Set(scores.filter(({ forecaster }) => !isPersistence(forecaster)).map(({ forecaster }) => forecaster)),
]

function losses(story: DemoStory, sessions: readonly string[]): LineChart {
  const { scores, endpoint, retrains } = story
  const line = (of: (forecaster: string) => boolean) => {
    const known = new Map<string, number>()
    // where there are two it is the one that was there first
    for (const { session, forecaster, loss } of scores) if (of(forecaster) && !known.has(session)) known.set(session, loss)
    return trailingMean(
      sessions.map((session) => known.get(session) ?? null),
      span,
    )
  }
  return {
    kind: 'lines',
    id: 'losses',
    title: `Squared error on ${endpoint}`,
    description: `Mean of ${span} sessions up to each, over the four stocks. A challenger is scored on sessions after the data that it was fitted on; persistence is that of the champion.`,
    xName: 'session',
    yName: 'squared error',
    x: sessions,
    series: [
      ...modelsOf(scores).map((name) => ({ name, ...lookOf(story, name), values: line((forecaster) => forecaster === name) })),
      { name: 'persistence', tone: 'third', dashed: true, values: line(isPersistence) },
    ],
    bands: retrains.flatMap(({ session, looks }) => {
      const last = looks.at(-1)?.through
      return last === undefined ? [] : [{ name: 'a challenger is judged', from: session, to: last }]
    }),
    events: eventsOf(story).filter(({ at }) => sessions.includes(at)),
  }
}

/** In the order of their sessions; a verdict belongs to the last session that it looked at. */
function eventsOf({ alerts, retrains }: Pick<DemoStory, 'alerts' | 'retrains'>) {
  const called = alerts
    .filter(({ kind }) => kind === 'decay' || kind === 'worse-than-baseline')
    .map(({ session, kind, summary }) => ({ at: session, text: `${kind === 'decay' ? 'decay' : 'worse than persistence'}. ${summary}` }))
  const judged = retrains.flatMap(({ looks, verdict, challenger, state }) => {
    const last = looks.at(-1)
    if (last === undefined || verdict === null) return []
    const name = challenger === null ? 'the challenger' : versionName(challenger)
    return [{ at: last.through, text: `${name} is judged: ${verdict}${state === 'promoted' ? ', and promoted' : ''}` }]
  })
  return [...called, ...judged].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
}

function byMonth({ scores }: DemoStory, of: 'loss' | 'bias', caption: string) {
  const months = [...new Set(scores.map(({ session }) => session.slice(0, 7)))].toSorted()
  const forecasters = [...new Set(scores.map(({ forecaster }) => forecaster))]
  const mean = (month: string, name: string) => {
    const found = scores.filter(({ session, forecaster }) => forecaster === name && session.startsWith(month))
    return found.length === 0 ? null : found.reduce((sum, score) => sum + score[of], 0) / found.length
  }
  return table(caption, months, [
    { title: 'month', value: (month) => month },
    ...forecasters.map((name) => ({ title: name, value: (month: string) => decimals(mean(month, name)), right: true })),
  ])
}

const pointsOver = (sessions: readonly string[], points: readonly MonitorPoint[], pick: (point: MonitorPoint) => number) => {
  const known = new Map(points.map((point) => [point.session, pick(point)]))
  return sessions.map((session) => known.get(session) ?? null)
}

function decay(story: DemoStory, sessions: readonly string[]) {
  const watched = story.monitors.filter(({ monitor }) => monitor.kind === 'decay')
  return chartFigure({
    kind: 'lines',
    id: 'cusum',
    title: 'CUSUM of the champion’s loss',
    description:
      'It sums up how far the loss is above what the purged walk-forward errors of the recipe let expect. At the dashed threshold it alarms, and begins again at zero.',
    xName: 'session',
    yName: 'standard deviations',
    x: sessions,
    series: watched.flatMap(({ monitor, points }) => {
      const name = versionName(monitor.model)
      const { tone } = lookOf(story, name)
      return [
        { name, tone, values: pointsOver(sessions, points, ({ statistic }) => statistic) },
        { name: `threshold of ${name}`, tone, dashed: true, values: pointsOver(sessions, points, ({ threshold }) => threshold) },
      ]
    }),
    events: watched.flatMap(({ points }) =>
      points.filter(({ fired }) => fired).map(({ session, statistic }) => ({ at: session, text: `alarm at ${figure(statistic)}` })),
    ),
  })
}

const alerts = ({ alerts: raised }: DemoStory) =>
  raised.length === 0
    ? html`<p>No alert was raised.</p>`
    : table('Every alert', raised, [
        { title: 'session', value: ({ session }) => session },
        { title: 'kind', value: ({ kind }) => kind },
        { title: 'severity', value: ({ severity }) => severity },
        { title: 'what', value: ({ summary }) => summary },
      ])

/** How many features had moved at each look, and which at the one where most had. */
function drift(story: DemoStory): Section[] {
  const looks = story.monitors
    .filter(({ monitor }) => monitor.kind === 'data-drift')
    .flatMap(({ monitor, points }) => points.map((point) => ({ ...point, model: monitor.model })))
  const [first] = looks
  if (first === undefined) return []
  const most = looks.reduce((a, b) => (b.statistic > a.statistic ? b : a), first)
  const looked = [...new Set(looks.map(({ session }) => session))].toSorted()
  const moved = distancesOf(most.detail).toSorted((a, b) => b.distance - a.distance)
  return [
    {
      title: 'Did the features drift?',
      body: [
        html`<p>
          Every few sessions the features of the last sessions are compared with the rows that the champion was fitted on. Features drift
          without doing harm, so by default this raises an alert and trains nothing.
        </p>`,
        looked.length < 2 ? null : driftChart(story, looked),
        moved.length === 0
          ? null
          : table(`Each feature at the look of ${most.session}, the widest apart first`, moved, [
              { title: 'feature', value: ({ name }) => html`<code>${name}</code>` },
              { title: 'Kolmogorov–Smirnov distance', value: ({ distance }) => decimals(distance), right: true },
              { title: 'p', value: (feature) => pValue(feature.pValue), right: true },
              { title: 'population stability index', value: ({ stabilityIndex }) => decimals(stabilityIndex), right: true },
              { title: 'drifted', value: ({ drifted }) => (drifted ? 'yes' : 'no') },
            ]),
      ],
    },
  ]
}

const driftChart = (story: DemoStory, looked: readonly string[]) =>
  chartFigure({
    kind: 'lines',
    id: 'drift',
    title: 'Features that have drifted',
    description: 'How many features lay further from the rows of the fit than quiet times explain, at each look.',
    xName: 'session',
    yName: 'features',
    x: looked,
    series: story.monitors
      .filter(({ monitor }) => monitor.kind === 'data-drift')
      .map(({ monitor, points }) => {
        const name = versionName(monitor.model)
        return { name, ...lookOf(story, name), values: pointsOver(looked, points, ({ statistic }) => statistic) }
      }),
  })

type Distance = { name: string; distance: number; pValue: number | null; stabilityIndex: number | null; drifted: boolean }

/** A point's detail is the monitor's own record: what is not as expected is left out. */
function distancesOf({ features }: MonitorPoint['detail']): Distance[] {
  if (typeof features !== 'object' || features === null) return []
  const number = (value: unknown) => (typeof value === 'number' ? value : null)
  return Object.entries(features as Record<string, Record<string, unknown> | null>).flatMap(([name, found]) => {
    const distance = number(found?.distance)
    if (distance === null) return []
    return [
      { name, distance, pValue: number(found?.pValue), stabilityIndex: number(found?.stabilityIndex), drifted: found?.drifted === true },
    ]
  })
}
