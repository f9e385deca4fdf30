/** Made-up stories for the reports: figures that say nothing, in the shape of real ones. */
import { readFileSync } from 'node:fs'
import { RolloutPlan } from '#contracts/deployments.ts'
import { Trace } from '#contracts/predictions.ts'
import { Evaluation, FitReport, type ProgressPoint, type SessionErrors, type TrainingRun } from '#contracts/training.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { DemoStory } from '#reports/demo/story.ts'
import type { TrainingRunStory } from '#reports/training-run/story.ts'

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../contracts/fixtures/${name}.json`, import.meta.url), 'utf8'))

const runId = '01985b7e-1c2d-7e3f-8a4b-5c6d7e8f9a0b'
const hash = (digit: string) => digit.repeat(64)
const at = '2026-01-05T10:00:00.000Z'

/** The same wave on every machine. */
export const wave = (length: number, phase = 0) =>
  Array.from({ length }, (_, index) => 0.15 + 0.05 * Math.sin((index + phase) / 7) + ((index * 37) % 11) / 200)

export const sessionsFrom = (day: number, length: number) => Array.from({ length }, (_, index) => sessionOf(day + index))

const run: TrainingRun = {
  id: runId,
  modelName: 'range-lightgbm',
  modelVersion: 3,
  recipe: {
    model: 'lightgbm',
    params: {
      learning_rate: 0.05,
      num_leaves: 7,
      min_data_in_leaf: 20,
      lambda_l1: 0,
      lambda_l2: 10,
      max_depth: -1,
      feature_fraction: 0.35,
      bagging_fraction: 0.6,
      bagging_freq: 1,
    },
    dataset: 'us-daily',
    featureSet: 'technical',
    label: { expression: 'Log(Ref($high,-1)/Ref($low,-1)-1+0.001)', persistence: 'Log(Mean($high/$low-1,5)+0.001)', kind: 'time-series' },
    segments: {
      train: { from: '2003-01-02', to: '2006-03-17' },
      earlyStopping: { from: '2006-03-20', to: '2006-12-29' },
      test: { from: '2007-01-03', to: '2008-05-30' },
    },
    startFrom: 'linear',
    seed: 7,
    maxRounds: 2000,
    patience: 100,
    blockRounds: 100,
    threads: 1,
    missing: 'accept',
  },
  state: 'approved',
  step: 'approval',
  snapshotId: hash('a'),
  asOf: null,
  buildId: hash('b'),
  onnxSha256: hash('c'),
  rounds: 82,
  iterationsExecuted: 182,
  resumedFromRound: 20,
  pausedSeconds: 3.5,
  evaluation: Evaluation.parse(fixture('evaluation')),
  failure: null,
  requestedBy: 'researcher',
  startedAt: at,
  endedAt: at,
}

const sessionErrors: SessionErrors = {
  format: 1,
  sessions: sessionsFrom(13_516, 120),
  candidate: wave(120),
  baselines: { persistence: wave(120, 2), mean: wave(120, 5), linear: wave(120, 1) },
}

const point = (round: number): ProgressPoint => ({
  runId,
  step: round,
  phase: 'search',
  round,
  totalRounds: 2000,
  metrics: { trainLoss: 0.3 / (1 + round / 40), earlyStoppingLoss: 0.32 / (1 + round / 60) + round / 4000 },
  at,
})

export const trainingRunStory: TrainingRunStory = {
  run,
  snapshot: {
    id: hash('a'),
    dataset: 'us-daily',
    manifest: { uri: `objects/dd/${hash('d')}.json`, sha256: hash('d'), bytes: 1000 },
    rows: 7_150,
    symbols: 4,
    firstSession: '2000-03-01',
    lastSession: '2008-05-30',
    knownAtBasis: 'assumed',
    optionalColumns: [],
    actions: 12,
    parentId: null,
    tags: [],
    note: null,
    createdAt: at,
    collectedAt: null,
  },
  progress: Array.from({ length: 40 }, (_, index) => point(5 * (index + 1))),
  fit: FitReport.parse(fixture('fit-report')),
  errors: sessionErrors,
  version: {
    name: 'range-lightgbm',
    version: 3,
    stage: 'staging',
    runId,
    onnx: { uri: `objects/cc/${hash('c')}.onnx`, sha256: hash('c'), bytes: 1000 },
    sidecar: { uri: `objects/ee/${hash('e')}.json`, sha256: hash('e'), bytes: 1000 },
    featureHash: hash('f'),
    snapshotId: hash('a'),
    buildId: hash('b'),
    dataset: 'us-daily',
    createdAt: at,
  },
  audit: [
    { id: 1, at, by: 'researcher', action: 'pause', subject: `training-run/${runId}`, commandId: null, detail: {} },
    {
      id: 2,
      at,
      by: 'approver',
      action: 'transition',
      subject: 'model-version/range-lightgbm@3',
      commandId: null,
      detail: { from: 'testing', to: 'staging', reason: 'better than persistence' },
    },
  ],
}

/** A run that was just accepted: nothing is there but its request. */
export const youngStory: TrainingRunStory = {
  run: {
    ...run,
    modelVersion: null,
    state: 'running',
    step: 'features',
    snapshotId: null,
    buildId: null,
    onnxSha256: null,
    rounds: null,
    iterationsExecuted: null,
    resumedFromRound: null,
    pausedSeconds: 0,
    evaluation: null,
    endedAt: null,
  },
  snapshot: null,
  progress: [],
  fit: null,
  errors: null,
  version: null,
  audit: [],
}

/** Every text of a value replaced, but those that the type makes a closed word. */
export function planted<T>(value: T, plant: string, keep: ReadonlySet<string>): T {
  if (typeof value === 'string') return plant as T
  if (Array.isArray(value)) return value.map((item) => planted(item as unknown, plant, keep)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keep.has(key) ? item : planted(item, plant, keep)])) as T
}

const sessions = sessionsFrom(14_032, 90)
const champion = { name: 'range-large-steps', version: 1 }
const challenger = { name: 'range-large-steps', version: 2 }
const scoresOf = (forecaster: string, phase: number, from = 0) =>
  wave(90, phase)
    .map((loss, index) => ({ session: sessions[index]!, forecaster, loss, bias: -loss, rows: 4 }))
    .slice(from)
const points = wave(90).map((value, index) => ({
  session: sessions[index]!,
  statistic: 10 * value,
  threshold: 3.2,
  fired: index === 30,
  detail: {},
}))
const reading = {
  step: 'canary 20 %',
  verdict: 'passed' as const,
  reason: 'every gate holds',
  newAnswers: 120,
  oldAnswers: 480,
  newErrorRate: 0,
  oldErrorRate: 0,
  newLatencyP99Ms: 4.1,
  oldLatencyP99Ms: null,
  nonFinite: 0,
  predictionShift: 0.8,
  at,
}
const look = {
  through: sessions[41]!,
  sessions: 10,
  challengerLoss: 0.4,
  championLoss: 0.5,
  persistenceLoss: 0.3,
  gain: 0.1,
  t: 2,
  z: 1.9,
  boundary: 2.9,
}
const load = { seconds: 6.5, replicas: 2, requests: 400, failed: 0, versions: { 'range-large-steps@1': 300, 'range-large-steps@2': 100 } }

export const demoStory: DemoStory = {
  endpoint: 'tomorrows-range',
  snapshot: { id: hash('a'), rows: 7_150, symbols: 4 },
  champion: run,
  refused: { ...run, state: 'refused', modelVersion: null },
  replay: { from: sessions[0]!, to: sessions.at(-1)!, sessions: 90, predictions: 360, meanSeconds: 0.31, slowestSeconds: 0.62 },
  scores: [
    ...scoresOf('range-large-steps@1', 0),
    ...scoresOf('persistence/range-large-steps@1', 4),
    ...scoresOf('range-large-steps@2', 2, 31),
  ].toSorted((a, b) => (a.session < b.session ? -1 : 1)),
  monitors: [
    {
      monitor: {
        id: runId,
        endpoint: 'tomorrows-range',
        kind: 'decay',
        model: champion,
        after: '2008-05-30',
        threshold: 3.2,
        calibration: {},
        session: sessions.at(-1)!,
        statistic: 1,
        createdAt: at,
        endedAt: null,
      },
      points,
    },
    {
      monitor: {
        id: runId,
        endpoint: 'tomorrows-range',
        kind: 'data-drift',
        model: champion,
        after: '2008-05-30',
        threshold: 3,
        calibration: {},
        session: sessions.at(-1)!,
        statistic: 2,
        createdAt: at,
        endedAt: null,
      },
      points: [
        {
          session: sessions[60]!,
          statistic: 5,
          threshold: 0,
          fired: true,
          detail: { features: { rsi_14: { distance: 0.3, pValue: 0.0002, stabilityIndex: 0.6, drifted: true }, odd: 3 } },
        },
      ],
    },
  ],
  alerts: [
    {
      id: runId,
      endpoint: 'tomorrows-range',
      kind: 'decay',
      severity: 'warning',
      session: sessions[30]!,
      monitorId: runId,
      summary: 'the loss rose',
      evidence: {},
      raisedAt: at,
      acknowledgedBy: null,
      acknowledgedAt: null,
    },
  ],
  retrains: [
    {
      id: runId,
      endpoint: 'tomorrows-range',
      trigger: 'decay',
      alertId: runId,
      session: sessions[30]!,
      runId,
      state: 'promoted',
      champion,
      challenger,
      looks: [
        { ...look, verdict: 'continue' },
        { ...look, sessions: 20, through: sessions[51]!, verdict: 'better' },
      ],
      verdict: 'better',
      reason: 'better by the test',
      fallback: null,
      deploymentId: runId,
      requestedBy: 'policy:tomorrows-range',
      startedAt: at,
      endedAt: at,
    },
  ],
  deployments: [
    {
      id: runId,
      endpoint: 'tomorrows-range',
      model: challenger,
      strategy: 'canary',
      plan: RolloutPlan.parse({ strategy: 'canary' }),
      state: 'rolled_back',
      step: 'bake',
      revision: 2,
      predecessorId: null,
      gates: [reading],
      failure: null,
      requestedBy: 'policy:tomorrows-range',
      startedAt: at,
      endedAt: at,
    },
  ],
  history: [{ deploymentId: runId, model: challenger, revision: 2, began: 'activate', by: 'policy:tomorrows-range', from: at, to: null }],
  promotion: { deploymentId: runId, revision: 2, reason: 'better by the test', load },
  rollback: { deploymentId: runId, from: challenger, to: champion, milliseconds: 84.2, load },
  trace: Trace.parse(fixture('trace')),
}

/** Where nothing happened: no alarm, no challenger, no drift, and a rollback of a deployment by hand. */
export const quietStory: DemoStory = {
  ...demoStory,
  monitors: demoStory.monitors.slice(0, 1).map(({ monitor }) => ({ monitor, points: points.map((point) => ({ ...point, fired: false })) })),
  scores: demoStory.scores.filter(({ forecaster }) => forecaster !== 'range-large-steps@2'),
  alerts: [],
  retrains: [],
  promotion: { deploymentId: null, revision: null, reason: 'no alarm started a retrain', load: null },
}
