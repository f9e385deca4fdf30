/** How the fit went: the learning curve of its search, and what the features gained. */
import type { FitReport, ProgressPoint } from '#contracts/training.ts'
import { chartFigure } from '../charts/figure.ts'
import { figure } from '../figures.ts'
import { html } from '../html.ts'
import { factList, type Section } from '../page.ts'
import type { TrainingRunStory } from './story.ts'

/** More bars, or points of a curve, than this show nothing. */
const mostFeatures = 25
const mostPoints = 500

export function fitSections({ run, progress, fit }: Pick<TrainingRunStory, 'run' | 'progress' | 'fit'>): Section[] {
  const search = thinned(progress.filter(({ phase }) => phase === 'search'))
  if (search.length === 0 && fit === null) return []
  return [
    {
      title: 'How it was fitted',
      body: [
        factList({
          rounds: run.rounds,
          'rounds executed': run.iterationsExecuted === null ? null : `${run.iterationsExecuted}, repeats after interruptions included`,
          'resumed from round': run.resumedFromRound === null || run.resumedFromRound === 0 ? null : run.resumedFromRound,
          'early-stopping loss': figure(fit?.earlyStoppingLoss),
          rows: fit === null ? null : `${fit.rows.train} to fit, ${fit.rows.earlyStopping} to stop, ${fit.rows.refit} in the refit`,
          'mean label': figure(fit?.labelMean),
          'shift of persistence': figure(fit?.persistenceShift),
        }),
        search.length < 2 ? null : curve(search),
      ],
    },
    ...(fit === null || !fit.gain.some((gain) => gain > 0) ? [] : [gains(fit)]),
  ]
}

/** Every so-many-th point, and the last. */
function thinned(points: readonly ProgressPoint[]): ProgressPoint[] {
  const every = Math.ceil(points.length / mostPoints)
  return points.filter((_, index) => index % every === 0 || index === points.length - 1)
}

function curve(search: readonly ProgressPoint[]) {
  const values = (metric: string) => search.map(({ metrics }) => metrics[metric] ?? null)
  return chartFigure({
    kind: 'lines',
    id: 'learning-curve',
    title: 'Learning curve of the search for the number of rounds',
    description:
      'Once the loss on the early-stopping rows has not fallen for long enough, the best round is kept and all rows are fitted anew.',
    xName: 'round',
    yName: 'squared error',
    x: search.map(({ round }) => String(round)),
    series: [
      { name: 'rows that stop it', tone: 'first', values: values('earlyStoppingLoss') },
      { name: 'rows that are fitted', tone: 'third', dashed: true, values: values('trainLoss') },
    ],
  })
}

function gains({ featureOrder, gain }: FitReport): Section {
  const ranked = featureOrder
    .map((name, index) => ({ name, value: gain[index] ?? 0 }))
    .toSorted((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1))
  const used = ranked.filter(({ value }) => value > 0).length
  return {
    title: 'What the features gained',
    body: [
      html`<p>${used} of ${ranked.length} features were used in a split.</p>`,
      chartFigure({
        kind: 'bars',
        id: 'feature-gain',
        title: ranked.length > mostFeatures ? `The ${mostFeatures} features that gained most` : 'Gain by feature',
        description: 'Fall of the training loss over all splits on a feature. It says what was used, not what would help on other data.',
        xName: 'feature',
        yName: 'total gain',
        bars: ranked.slice(0, mostFeatures),
      }),
    ],
  }
}
