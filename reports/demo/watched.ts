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
      body: [chartFigure(losses(story, sessions)), biases(story)],
    },
    { title: 'When decay was called', body: [decay(story, sessions), alerts(story)] },
    ...drift(story),
  ]
}

/** Models get colours in the order in which they came; the first champion's persistence is the yardstick. */
function losses({ scores, endpoint, ...story }: DemoStory, sessions: readonly string[]): LineChart {
  const forecasters = [...new Set(scores.map(({ forecaster }) => forecaster))]
  const models = forecasters.filter((name) => !isPersistence(name))
  const yardstick = forecasters.find(isPersistence)
  const tones: Tone[] = ['first', 'second', 'fourth']
  const lossOf = new Map(scores.map(({ forecaster, session, loss }) => [`${forecaster} ${session}`, loss]))
  const line = (name: string) =>
    trailingMean(
      sessions.map((session) => lossOf.get(`${name} ${session}`) ?? null),
      span,
    )
  return {
    kind: 'lines',
    id: 'losses',
    title: `Squared error on ${endpoint}`,
    description: `Mean of ${span} sessions up to each, over the four stocks. A challenger is scored on sessions after the data that it was fitted on.`,
    xName: 'session',
    yName: 'squared error',
    x: sessions,
    series: [
      ...models.map((name, index) => ({ name, tone: tones[index % tones.length]!, dashed: index >= tones.length, values: line(name) })),
      ...(yardstick === undefined ? [] : [{ name: 'persistence', tone: 'third' as const, dashed: true, values: line(yardstick) }]),
    ],
    bands: story.retrains.flatMap(({ session, looks }) => {
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

function biases({ scores }: DemoStory) {
  const months = [...new Set(scores.map(({ session }) => session.slice(0, 7)))].toSorted()
  const forecasters = [...new Set(scores.map(({ forecaster }) => forecaster))]
  const mean = (month: string, name: string, of: 'loss' | 'bias') => {
    const found = scores.filter(({ session, forecaster }) => forecaster === name && session.startsWith(month))
    return found.length === 0 ? null : found.reduce((sum, score) => sum + score[of], 0) / found.length
  }
  const shown = (value: number | null) => (value === null ? null : value.toFixed(3))
  return table('By month: squared error, and bias (forecast less outcome, below zero when ranges were wider than forecast)', months, [
    { title: 'month', value: (month) => month },
    ...forecasters.flatMap((name) => [
      { title: name, value: (month: string) => shown(mean(month, name, 'loss')), right: true },
      { title: 'bias', value: (month: string) => shown(mean(month, name, 'bias')), right: true },
    ]),
  ])
}

function decay({ monitors }: DemoStory, sessions: readonly string[]) {
  const watched = monitors.filter(({ monitor }) => monitor.kind === 'decay')
  const tones: Tone[] = ['first', 'second', 'fourth']
  const by = (points: readonly MonitorPoint[], pick: (point: MonitorPoint) => number) => {
    const known = new Map(points.map((point) => [point.session, pick(point)]))
    return sessions.map((session) => known.get(session) ?? null)
  }
  return chartFigure({
    kind: 'lines',
    id: 'cusum',
    title: 'CUSUM of the champion’s loss',
    description:
      'It sums up how far the loss is above what the purged walk-forward errors of the recipe let expect. At the dashed threshold it alarms, and begins again at zero.',
    xName: 'session',
    yName: 'standard deviations',
    x: sessions,
    series: watched.flatMap(({ monitor, points }, index) => {
      const tone = tones[index % tones.length]!
      return [
        { name: versionName(monitor.model), tone, values: by(points, ({ statistic }) => statistic) },
        { name: `threshold of ${versionName(monitor.model)}`, tone, dashed: true, values: by(points, ({ threshold }) => threshold) },
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
function drift({ monitors }: DemoStory): Section[] {
  const looks = monitors
    .filter(({ monitor }) => monitor.kind === 'data-drift')
    .flatMap(({ monitor, points }) => points.map((point) => ({ ...point, model: monitor.model })))
  const [first] = looks
  if (first === undefined) return []
  const most = looks.reduce((a, b) => (b.statistic > a.statistic ? b : a), first)
  const moved = distancesOf(most.detail).toSorted((a, b) => b.distance - a.distance)
  return [
    {
      title: 'Did the features drift?',
      body: [
        html`<p>
          Every few sessions the features of the last sessions are compared with the rows that the champion was fitted on. Features drift
          without doing harm, so by default this raises an alert and trains nothing.
        </p>`,
        table('Each look: how many features had drifted', looks, [
          { title: 'session', value: ({ session }) => session },
          { title: 'champion', value: ({ model }) => versionName(model) },
          { title: 'drifted', value: ({ statistic }) => statistic, right: true },
        ]),
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
