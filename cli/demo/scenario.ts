import type { z } from 'zod'
import type { LabelDefinition } from '#contracts/features.ts'
import type { SuperviseRequest } from '#contracts/requests.ts'
import type { Recipe } from '#contracts/training.ts'
import type { SessionRange } from '#contracts/words.ts'

/**
 * The demo's scenario: four stocks, tomorrow's range, LightGBM on 2003–2006, judged once on 2007-01-03 to 2008-05-30,
 * then watched through the replay of 2008-06-02 to 2008-11-28. It was chosen after looking at the data; docs/demo.md
 * says what that means.
 */
export const symbols = ['AAPL', 'GOOG', 'IBM', 'MSFT']
export const lastSession = '2008-05-30'

/** The replay goes on from there. */
export const replay = { from: '2008-06-02', through: '2008-11-28', lastLabelled: '2008-11-26', sessions: 127 }

/** How far tomorrow's high will be above tomorrow's low, on a log scale. */
export const tomorrowsRange: LabelDefinition = {
  expression: 'Log(Ref($high,-1)/Ref($low,-1)-1+0.001)',
  persistence: 'Log(Mean($high/$low-1,5)+0.001)',
  kind: 'time-series',
}

/** The return from today's close to tomorrow's: what nobody can predict from these features. */
export const tomorrowsReturn: LabelDefinition = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' }

/** The API trains nothing that is not judged on a test segment. */
export type JudgedRecipe = Recipe & { segments: { test: SessionRange } }

const segments: JudgedRecipe['segments'] = {
  train: { from: '2003-01-02', to: '2006-03-17' },
  earlyStopping: { from: '2006-03-20', to: '2006-12-29' },
  test: { from: '2007-01-03', to: lastSession },
}

/** Trees on random parts of the features and rows, which learn what the linear baseline misses. */
const trees = { num_leaves: 7, min_data_in_leaf: 20, feature_fraction: 0.35, bagging_fraction: 0.6, bagging_freq: 1 }

/** Many small steps: about ten seconds of fitting, so that there is time to pause it. */
export const smallSteps = (dataset: string) =>
  recipe(dataset, tomorrowsRange, { learning_rate: 0.0005 }, { maxRounds: 20_000, patience: 3_000, blockRounds: 500 })

/** Where the demo pauses the search for the number of rounds: about half-way. */
export const pauseAtRound = 3_000

/** Few large steps: the same model in a fraction of the time. */
export const largeSteps = (dataset: string) =>
  recipe(dataset, tomorrowsRange, { learning_rate: 0.02 }, { maxRounds: 2_000, patience: 100, blockRounds: 100 })

export const returnRecipe = (dataset: string) =>
  recipe(dataset, tomorrowsReturn, { learning_rate: 0.02 }, { maxRounds: 2_000, patience: 100, blockRounds: 100 })

/** The default policy, but for a rollout that takes seconds: the demo itself is the traffic, and it is short. */
export const policy: z.input<typeof SuperviseRequest>['policy'] = {
  rollout: {
    strategy: 'canary',
    steps: [
      { share: 0.2, seconds: 3 },
      { share: 0.5, seconds: 3 },
    ],
    bakeSeconds: 3,
    patienceSeconds: 60,
  },
}

function recipe(
  dataset: string,
  label: LabelDefinition,
  params: Partial<Recipe['params']>,
  rounds: Pick<Recipe, 'maxRounds' | 'patience' | 'blockRounds'>,
): JudgedRecipe {
  return {
    model: 'lightgbm',
    params: {
      learning_rate: 0.05,
      lambda_l1: 0,
      lambda_l2: 10,
      max_depth: -1,
      ...trees,
      ...params,
    },
    dataset,
    featureSet: 'technical',
    label,
    segments,
    startFrom: 'linear',
    seed: 7,
    threads: 1,
    missing: 'accept',
    ...rounds,
  }
}
