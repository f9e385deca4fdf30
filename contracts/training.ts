import { z } from 'zod'
import { misplaced } from '#domain/features/build-processors.ts'
import { UniverseName } from './datasets.ts'
import { CrossProcessors, Fillna, LabelDefinition } from './features.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { FeatureSetReference, AsOf, Id, Name, RequestOrigin, Session, SessionRange, Timestamp } from './words.ts'

/** LightGBM's own parameter names; defaults are those of the demo's scenario. */
export const LightgbmParams = z.strictObject({
  learning_rate: z.number().positive().max(1).default(0.05),
  num_leaves: z.int().min(2).max(4096).default(7),
  min_data_in_leaf: z.int().min(1).default(50),
  lambda_l1: z.number().nonnegative().default(0),
  lambda_l2: z.number().nonnegative().default(10),
  max_depth: z.int().min(-1).max(64).default(-1),
  feature_fraction: z.number().positive().max(1).default(1),
  bagging_fraction: z.number().positive().max(1).default(1),
  bagging_freq: z.int().nonnegative().default(0),
})
export type LightgbmParams = z.infer<typeof LightgbmParams>

/**
 * Segments are disjoint and purged by the label's reach in sessions. `train` is fitted, `earlyStopping` ends the
 * rounds; then the model is refitted on both with the found number. `test` is opened once, by the registration gate.
 * Without it, labels must end within `earlyStopping`, and the version is judged in shadow by its endpoint's supervisor.
 */
export const Segments = z.strictObject({ train: SessionRange, earlyStopping: SessionRange, test: SessionRange.optional() })
export type Segments = z.infer<typeof Segments>

const Columns = z.array(z.string().min(1).max(63)).min(1).max(5000)

/**
 * What happens to the features before trees are grown on them, in order, under the names of Qlib's handlers. Those up to
 * the last cross-sectional one are computed by the feature build, and looked up by serving. Each of the others is fitted
 * on the purged training rows alone and becomes part of the ONNX file, so that serving asks with the build's rows. Rows
 * without a label are left out in any case.
 */
export const Processor = z.discriminatedUnion('kind', [
  /** (x − median) / (1.4826 · MAD), clipped to ±3 */
  z.strictObject({ kind: z.literal('RobustZScoreNorm'), clipOutlier: z.boolean().default(true) }),
  /** (x − mean) / deviation, ddof 0; a column that stands still is left as it is */
  z.strictObject({ kind: z.literal('ZScoreNorm') }),
  /** onto 0 to 1; a column that stands still is left as it is */
  z.strictObject({ kind: z.literal('MinMaxNorm') }),
  Fillna,
  z.strictObject({ kind: z.literal('FilterCol'), colList: Columns }),
  z.strictObject({ kind: z.literal('DropCol'), colList: Columns }),
  ...CrossProcessors,
])
export type Processor = z.infer<typeof Processor>

const Processors = z
  .array(Processor)
  .min(1)
  .max(20)
  .superRefine((processors, context) => {
    const found = misplaced(processors)
    if (found !== undefined) context.addIssue({ code: 'custom', path: [found.index, 'kind'], message: found.problem })
  })

/** What a recipe's processors have learned: the columns that are kept, and what is done to them in order. */
export const FittedProcessors = z.strictObject({
  columns: z.array(z.string()).min(1),
  steps: z.array(
    z.discriminatedUnion('kind', [
      /** (x − center) / scale, then clipped to ±clip unless that is null; one number a column */
      z.strictObject({ kind: z.literal('scale'), center: z.array(z.number()), scale: z.array(z.number()), clip: z.number().nullable() }),
      z.strictObject({ kind: z.literal('fill'), value: z.number() }),
    ]),
  ),
})
export type FittedProcessors = z.infer<typeof FittedProcessors>

/** What is fitted, before any artifact. Block length (in rounds) and threads decide the bytes, so they belong here. */
export const Recipe = z.strictObject({
  /** `persistence` is the naive forecast as a model: it learns its mean gap to the label, and nothing else */
  model: z.enum(['lightgbm', 'persistence']),
  params: LightgbmParams,
  dataset: Name,
  featureSet: FeatureSetReference,
  label: LabelDefinition,
  segments: Segments,
  /** what the trees are added to: the mean label, or the linear baseline's forecast */
  startFrom: z.enum(['mean', 'linear']),
  seed: z
    .int()
    .nonnegative()
    .max(2 ** 31 - 1),
  maxRounds: z.int().min(1).max(100_000),
  /** rounds without a better early-stopping loss */
  patience: z.int().min(1).max(100_000),
  blockRounds: z.int().min(1).max(10_000),
  threads: z.int().min(1).max(256),
  missing: z.enum(['accept', 'refuse']),
  processors: Processors.optional(),
  /** whose members are trained on, and served; without one, all symbols */
  universe: UniverseName.optional(),
})
export type Recipe = z.infer<typeof Recipe>

/**
 * Input of `trainModel`. Without `snapshotId` the run takes the dataset's head at its first step, and keeps it. With
 * `asOf` its features are of what was known then.
 */
export const TrainModelInput = z.strictObject({
  runId: Id,
  modelName: Name,
  recipe: Recipe,
  snapshotId: Sha256.optional(),
  asOf: AsOf.optional(),
  /** the workflow that gets the signal `nudge` when the run waits for approval or has ended */
  notify: z.string().min(1).max(300).optional(),
  origin: RequestOrigin,
})
export type TrainModelInput = z.infer<typeof TrainModelInput>

/** Input of the trainer's `fitModel` activity: the only message that crosses from TypeScript into Python. */
export const FitInput = z.strictObject({ runId: Id, recipe: Recipe, build: ObjectRef })
export type FitInput = z.infer<typeof FitInput>

/**
 * Result of `fitModel`. `report` is a FitReport. `parity` is an Arrow file of float32 features beside the trainer's own
 * float64 `prediction`: real rows of every segment but test, rows on split thresholds, rows with missing values.
 */
export const FitResult = z.strictObject({
  onnx: ObjectRef,
  report: ObjectRef,
  parity: ObjectRef,
  rounds: z.int().positive(),
  /** boosting rounds that this attempt and its predecessors executed, repeats included */
  iterationsExecuted: z.int().nonnegative(),
  /** rounds already done when the last attempt began; 0 when it began from nothing */
  resumedFromRound: z.int().nonnegative(),
})
export type FitResult = z.infer<typeof FitResult>

/** What was learned beside the ONNX file. It holds nothing that differs between two runs of the same recipe. */
export const FitReport = z.strictObject({
  rounds: z.int().positive(),
  earlyStoppingLoss: z.number(),
  rows: z.strictObject({ train: z.int(), earlyStopping: z.int(), refit: z.int() }),
  featureOrder: z.array(z.string()).min(1),
  featureHash: Sha256,
  /** total gain by feature, in the order of `featureOrder` */
  gain: z.array(z.number()),
  /** ridge regression on the same rows, features standardised and missing values at the mean */
  linear: z.strictObject({
    mean: z.array(z.number()),
    scale: z.array(z.number()),
    coefficients: z.array(z.number()),
    intercept: z.number(),
    alpha: z.number(),
  }),
  /** mean label on the refit rows, and mean of label − persistence */
  labelMean: z.number(),
  persistenceShift: z.number(),
  processors: FittedProcessors.optional(),
  libraries: z.record(z.string(), z.string()),
})
export type FitReport = z.infer<typeof FitReport>

/** One row of `training_progress`. */
export const ProgressPoint = z.strictObject({
  runId: Id,
  step: z.int().nonnegative(),
  phase: z.enum(['search', 'refit']),
  round: z.int().nonnegative(),
  totalRounds: z.int().positive(),
  metrics: z.record(z.string(), z.number().nullable()),
  at: Timestamp,
})
export type ProgressPoint = z.infer<typeof ProgressPoint>

/** Metrics of one forecaster on one segment. Which are present follows from the label's kind. */
export const ForecastMetrics = z.strictObject({
  rows: z.int(),
  sessions: z.int(),
  meanSquaredError: z.number(),
  bias: z.number(),
  /** 1 − MSE / MSE of persistence */
  skill: z.number().nullable(),
  /** mean over symbols of the correlation over time */
  symbolCorrelation: z.number().nullable(),
  informationCoefficient: z.number().nullable(),
  rankInformationCoefficient: z.number().nullable(),
  informationRatio: z.number().nullable(),
  rankInformationRatio: z.number().nullable(),
})
export type ForecastMetrics = z.infer<typeof ForecastMetrics>

export const BaselineName = z.enum(['persistence', 'mean', 'linear'])
export type BaselineName = z.infer<typeof BaselineName>

/** A paired, session-clustered comparison of the candidate against one baseline. Positive `gain` favours the candidate. */
export const Comparison = z.strictObject({
  baseline: BaselineName,
  gain: z.number(),
  t: z.number().nullable(),
  /** one-sided, that the candidate is no better */
  pValue: z.number().nullable(),
  sessions: z.int(),
  verdict: z.enum(['better', 'inconclusive', 'worse']),
})
export type Comparison = z.infer<typeof Comparison>

export const GateVerdict = z.strictObject({
  passed: z.boolean(),
  reason: z.string(),
  measure: z.enum(['squared-error', 'rank-information-coefficient']),
  comparisons: z.array(Comparison),
})
export type GateVerdict = z.infer<typeof GateVerdict>

/** Mean squared errors by session of the test segment, ascending: what the gate's averages are made of. Stored as an object. */
export const SessionErrors = z.strictObject({
  format: z.literal(1),
  sessions: z.array(Session).min(1),
  candidate: z.array(z.number()),
  baselines: z.record(BaselineName, z.array(z.number())),
})
export type SessionErrors = z.infer<typeof SessionErrors>

export const Evaluation = z.strictObject({
  segment: z.literal('test'),
  range: SessionRange,
  candidate: ForecastMetrics,
  baselines: z.record(BaselineName, ForecastMetrics),
  gate: GateVerdict,
  /** how often this run has opened the test segment: 1 */
  openings: z.int().positive(),
  /** a SessionErrors */
  sessionErrors: ObjectRef,
})
export type Evaluation = z.infer<typeof Evaluation>

export const TrainingState = z.enum([
  'running',
  'pausing',
  'paused',
  'awaiting_approval',
  'stopping',
  'approved',
  'rejected',
  'refused',
  'failed',
  'stopped',
])
export type TrainingState = z.infer<typeof TrainingState>

export const TrainingRun = z.strictObject({
  id: Id,
  modelName: Name,
  modelVersion: z.int().positive().nullable(),
  recipe: Recipe,
  state: TrainingState,
  step: z.string(),
  snapshotId: Sha256.nullable(),
  asOf: AsOf.nullable(),
  buildId: Sha256.nullable(),
  onnxSha256: Sha256.nullable(),
  rounds: z.int().nullable(),
  iterationsExecuted: z.int().nullable(),
  resumedFromRound: z.int().nullable(),
  pausedSeconds: z.number(),
  evaluation: Evaluation.nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type TrainingRun = z.infer<typeof TrainingRun>

export const TrainModelResult = z.strictObject({
  runId: Id,
  state: TrainingState,
  model: z.strictObject({ name: Name, version: z.int().positive() }).optional(),
  reason: z.string().optional(),
})
export type TrainModelResult = z.infer<typeof TrainModelResult>
