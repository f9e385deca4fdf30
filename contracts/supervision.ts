/** What the standing supervisor of an endpoint keeps to, what it sees, and what it decides. */
import { z } from 'zod'
import { RolloutPlan } from './deployments.ts'
import { LabelDefinition } from './features.ts'
import { ObjectRef, Sha256 } from './references.ts'
import { Id, Name, RequestOrigin, Session, Ticker, Timestamp } from './words.ts'

const Version = z.strictObject({ name: Name, version: z.int().positive() })

/**
 * Who made a forecast: a model version as `name@version`, or `persistence/name@version`, the naive forecast shifted by
 * its mean gap on the rows that this version was fitted on.
 */
export const Forecaster = z.string().regex(/^(persistence\/)?[a-z][a-z0-9-]{0,62}@[1-9][0-9]*$/)
export type Forecaster = z.infer<typeof Forecaster>

/** Decay: a CUSUM on one matured loss a session, its threshold from block-bootstrapped walk-forward errors. */
export const DecayPolicy = z.strictObject({
  /** the share of quiet years in which it may fire */
  falseAlarmsAYear: z.number().gt(0).max(0.5).default(0.05),
  blockSessions: z.int().min(1).max(250).default(20),
  /** in standard deviations of the walk-forward loss: smaller rises are not summed up */
  allowance: z.number().min(0).max(5).default(0.5),
})

/** Data drift: each feature's last sessions against the rows that the model was fitted on. */
export const DriftPolicy = z.strictObject({
  windowSessions: z.int().min(5).max(500).default(60),
  /** Benjamini and Hochberg's, over the features of one look */
  falseDiscoveryRate: z.number().gt(0).max(0.5).default(0.05),
  everySessions: z.int().min(1).max(250).default(5),
})

/**
 * How a challenger is judged: the day-clustered t test of its gain over the champion, at these looks, each against an
 * O'Brien–Fleming boundary. Sessions are counted after the alarm, and after both fits.
 */
export const ChallengePolicy = z
  .strictObject({
    firstLook: z.int().min(5).max(250).default(10),
    lookEvery: z.int().min(1).max(250).default(10),
    lastLook: z.int().min(5).max(500).default(30),
    /** one-sided, over all looks together */
    alpha: z.number().gt(0).max(0.5).default(0.05),
  })
  .refine(({ firstLook, lastLook }) => firstLook <= lastLook, 'firstLook must not be after lastLook')
  .refine(({ firstLook, lookEvery, lastLook }) => (lastLook - firstLook) % lookEvery === 0, 'lastLook must be a look')

/** A challenger is the champion's recipe fitted on data up to the alarm. */
export const RetrainingPolicy = z.strictObject({
  /** `expanding` keeps the recipe's first session, `rolling` its number of sessions */
  window: z.enum(['expanding', 'rolling']).default('expanding'),
  earlyStoppingShare: z.number().min(0.05).max(0.5).default(0.2),
})

export const SupervisionPolicy = z.strictObject({
  decay: DecayPolicy.prefault({}),
  drift: DriftPolicy.prefault({}),
  retrainOn: z
    .array(z.enum(['decay', 'data-drift']))
    .max(2)
    .default(['decay']),
  /** sessions after an alarm that started a retrain in which no other does */
  cooldownSessions: z.int().min(0).max(1000).default(40),
  challenge: ChallengePolicy.prefault({}),
  retraining: RetrainingPolicy.prefault({}),
  rollout: RolloutPlan.prefault({ strategy: 'canary' }),
  /** when the better of champion and challenger still loses to persistence */
  onWorseThanBaseline: z.enum(['alert', 'fallback']).default('alert'),
  /** without a new snapshot for so long, an alert */
  freshnessHours: z.number().gt(0).max(8760).default(96),
})
export type SupervisionPolicy = z.infer<typeof SupervisionPolicy>

/** Input of `superviseEndpoint`: the first of a run, or what continue-as-new hands on. */
export const SuperviseInput = z.strictObject({ endpoint: Name, policy: SupervisionPolicy, origin: RequestOrigin })
export type SuperviseInput = z.infer<typeof SuperviseInput>

export const SupervisionState = z.enum(['running', 'pausing', 'paused', 'stopping', 'stopped', 'failed'])
export type SupervisionState = z.infer<typeof SupervisionState>

/** Result of `superviseEndpoint`: a supervisor that failed is a failed workflow. */
export const SuperviseResult = z.strictObject({ endpoint: Name, state: z.literal('stopped') })
export type SuperviseResult = z.infer<typeof SuperviseResult>

export const Supervision = z.strictObject({
  endpoint: Name,
  dataset: Name,
  label: LabelDefinition,
  policy: SupervisionPolicy,
  state: SupervisionState,
  step: z.string(),
  champion: Version.nullable(),
  /** every session up to here has been scored and watched */
  processedThrough: Session.nullable(),
  pausedBy: z.string().nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Supervision = z.infer<typeof Supervision>

/** Input of `calibrateRecipe`: `build` holds every session that the recipe's segments name. */
export const CalibrateInput = z.strictObject({
  recipeHash: Sha256,
  model: Version,
  build: z.strictObject({ id: Sha256, manifest: ObjectRef }),
  origin: RequestOrigin,
})
export type CalibrateInput = z.infer<typeof CalibrateInput>

const FoldFit = z.strictObject({ trainedThrough: Session, from: Session, to: Session, rounds: z.int().positive() })

/** `loss` is the session's mean squared error over its symbols, `bias` its mean of forecast − label. */
const SessionError = z.strictObject({ session: Session, loss: z.number(), bias: z.number(), rows: z.int().positive() })

/** The errors of one fold of a walk-forward, sessions ascending. Stored as an object while the others are fitted. */
export const FoldErrors = z.strictObject({ fold: FoldFit, sessions: z.array(SessionError).min(1) })
export type FoldErrors = z.infer<typeof FoldErrors>

/** Purged walk-forward errors of a recipe: each session, ascending, forecast by a fit that ended before it. Stored as an object. */
export const WalkForward = z.strictObject({
  format: z.literal(1),
  recipeHash: Sha256,
  folds: z.array(FoldFit).min(1),
  sessions: z.array(SessionError).min(1),
})
export type WalkForward = z.infer<typeof WalkForward>

export const CalibrationState = z.enum(['running', 'pausing', 'paused', 'stopping', 'ready', 'failed', 'stopped'])
export type CalibrationState = z.infer<typeof CalibrationState>

/** Result of `calibrateRecipe`; `walkForward` is there when it is ready. */
export const CalibrateResult = z.strictObject({
  recipeHash: Sha256,
  state: CalibrationState,
  walkForward: ObjectRef.nullable(),
  failure: z.string().nullable(),
})
export type CalibrateResult = z.infer<typeof CalibrateResult>

export const MonitorKind = z.enum(['decay', 'data-drift'])
export type MonitorKind = z.infer<typeof MonitorKind>

/** A standing check of one model version on one endpoint. `calibration` depends on the kind. */
export const Monitor = z.strictObject({
  id: Id,
  endpoint: Name,
  kind: MonitorKind,
  model: Version,
  /** it looks at sessions after this one */
  after: Session,
  threshold: z.number(),
  calibration: z.record(z.string(), z.unknown()),
  /** the last session that it looked at, and what it saw there */
  session: Session.nullable(),
  statistic: z.number().nullable(),
  createdAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Monitor = z.infer<typeof Monitor>

export const MonitorPoint = z.strictObject({
  session: Session,
  statistic: z.number(),
  threshold: z.number(),
  fired: z.boolean(),
  detail: z.record(z.string(), z.unknown()),
})
export type MonitorPoint = z.infer<typeof MonitorPoint>

export const AlertKind = z.enum([
  'decay',
  'data-drift',
  'worse-than-baseline',
  'stale-data',
  'no-labels',
  'rollout-failed',
  'retrain-failed',
  'calibration-failed',
])
export type AlertKind = z.infer<typeof AlertKind>

export const Alert = z.strictObject({
  id: Id,
  endpoint: Name,
  kind: AlertKind,
  severity: z.enum(['info', 'warning', 'critical']),
  session: Session,
  monitorId: Id.nullable(),
  /** one sentence with the figures */
  summary: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  raisedAt: Timestamp,
  acknowledgedBy: z.string().nullable(),
  acknowledgedAt: Timestamp.nullable(),
})
export type Alert = z.infer<typeof Alert>

/** One look at champion and challenger. Positive `gain` (the fall of the squared error) favours the challenger. */
export const ChallengeLook = z.strictObject({
  sessions: z.int().positive(),
  through: Session,
  challengerLoss: z.number(),
  championLoss: z.number(),
  persistenceLoss: z.number(),
  gain: z.number(),
  t: z.number().nullable(),
  /** the normal score of t, which the boundary is for */
  z: z.number().nullable(),
  boundary: z.number(),
  verdict: z.enum(['better', 'worse', 'continue', 'inconclusive']),
})
export type ChallengeLook = z.infer<typeof ChallengeLook>

/** `challenging` waits for sessions; `rolling-out` for the deployment. */
export const RetrainState = z.enum(['training', 'challenging', 'rolling-out', 'promoted', 'not-promoted', 'failed'])
export type RetrainState = z.infer<typeof RetrainState>

/** One challenger, from the alarm to its promotion or refusal. */
export const Retrain = z.strictObject({
  id: Id,
  endpoint: Name,
  trigger: z.enum(['decay', 'data-drift', 'manual']),
  alertId: Id.nullable(),
  /** data up to this session is fitted, later sessions judge */
  session: Session,
  runId: Id,
  state: RetrainState,
  champion: Version,
  challenger: Version.nullable(),
  looks: z.array(ChallengeLook),
  verdict: z.enum(['better', 'worse', 'inconclusive']).nullable(),
  reason: z.string().nullable(),
  deploymentId: Id.nullable(),
  /** training run and deployment that bring the endpoint back to persistence, which beats both sides */
  fallback: z.strictObject({ runId: Id, deploymentId: Id }).nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type Retrain = z.infer<typeof Retrain>

/** What `retrainNow` answers: the retrain that it starts, or the one that is in flight. */
export const RetrainStarted = z.strictObject({ retrainId: Id, runId: Id })
export type RetrainStarted = z.infer<typeof RetrainStarted>

/** One session's error of one forecaster over the symbols of the endpoint. */
export const SessionScore = z.strictObject({
  session: Session,
  forecaster: Forecaster,
  loss: z.number(),
  bias: z.number(),
  rows: z.int().positive(),
})
export type SessionScore = z.infer<typeof SessionScore>

/** What happened on an endpoint, in the order in which it was written: `sequence` rises, with gaps. */
export const EndpointEvent = z.strictObject({
  sequence: z.int().positive(),
  endpoint: Name,
  kind: z.enum(['session', 'alert', 'retrain', 'challenger', 'look', 'verdict', 'deployment', 'champion']),
  session: Session.nullable(),
  detail: z.record(z.string(), z.unknown()),
  at: Timestamp,
})
export type EndpointEvent = z.infer<typeof EndpointEvent>

/** A realised outcome: what the label of a symbol at a session came to. `revision` rises when its bars were restated. */
export const RealizedLabel = z.strictObject({
  symbol: Ticker,
  session: Session,
  value: z.number(),
  snapshotId: Sha256,
  revision: z.int().positive(),
})
export type RealizedLabel = z.infer<typeof RealizedLabel>
