import { z } from 'zod'
import { ObjectRef, Sha256 } from './references.ts'
import { UniverseName } from './datasets.ts'
import { AsOf, Name, RequestOrigin, Session, Ticker, Timestamp } from './words.ts'

/** Column names of a shard that no feature may take. */
export const reservedColumns = ['symbol', 'session', 'label', 'persistence'] as const

export const Expression = z.string().min(1).max(2000)

export const FeatureName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/, 'a feature name: letters, digits and underscores, starting with a letter')
  .refine((name) => !(reservedColumns as readonly string[]).includes(name), 'a reserved column name')

export const FeatureDefinition = z.strictObject({
  name: FeatureName,
  expression: Expression,
  /** what it means, in words */
  description: z.string().optional(),
})
export type FeatureDefinition = z.infer<typeof FeatureDefinition>

/** A feature that is left out because the bars lack a column that some sources have, such as `$vwap`. */
export const AbsentFeature = z.strictObject({ name: z.string(), column: z.string() })

/** Qlib's processors that a build computes: across the symbols of a session, and fills before them. */
export const CrossProcessors = [
  /** (x − mean) / deviation of the session, ddof 1; robust: (x − median) / MAD / 1.4826, clipped to ±3 */
  z.strictObject({ kind: z.literal('CSZScoreNorm'), method: z.enum(['zscore', 'robust']).default('zscore') }),
  /** (percentile rank − 0.5) · 3.46 */
  z.strictObject({ kind: z.literal('CSRankNorm') }),
  /** what is missing becomes the session's mean */
  z.strictObject({ kind: z.literal('CSZFillna') }),
  /** what is infinite becomes the mean of the session's finite values */
  z.strictObject({ kind: z.literal('ProcessInf') }),
] as const
export const Fillna = z.strictObject({ kind: z.literal('Fillna'), fillValue: z.number().default(0) })
export const BuildProcessor = z.discriminatedUnion('kind', [...CrossProcessors, Fillna])

/** Shares of a build's rows that may be so of each feature of a set: a build above one fails. */
export const FeatureLimits = z.strictObject({
  /** infinite values; a set that does not say may have 1 % */
  infinite: z.number().min(0).max(1).optional(),
  /** missing values after the feature's warm-up; a set that does not say may have any number */
  missing: z.number().min(0).max(1).optional(),
})
export type FeatureLimits = z.infer<typeof FeatureLimits>

export const FeatureSet = z.strictObject({
  name: Name,
  version: z.int().positive(),
  description: z.string(),
  features: z.array(FeatureDefinition).min(1).max(5000),
  limits: FeatureLimits.optional(),
  absent: z.array(AbsentFeature).optional(),
  /** what a recipe has made of the set: the expressions hold it already */
  processors: z.array(BuildProcessor).min(1).optional(),
  /** of the snapshot: rows and cross-sections are of its members in each session */
  universe: UniverseName.optional(),
})
export type FeatureSet = z.infer<typeof FeatureSet>

/**
 * What is predicted. Only a label may look ahead (`Ref($close,-1)`). `persistence` is the naive forecast in the label's
 * own units, from what is known at the session; by default the label itself, shifted until it is known.
 */
export const LabelDefinition = z.strictObject({
  expression: Expression,
  persistence: Expression.optional(),
  /** judged within each symbol over time, or across symbols within each session */
  kind: z.enum(['time-series', 'cross-sectional']),
})
export type LabelDefinition = z.infer<typeof LabelDefinition>

/** Input of `buildFeatures`; `definitionHash` is of the set's and the label's normalised expressions and the engine. */
export const BuildInput = z.strictObject({
  /** `buildIdOf(definitionHash, snapshotId, asOf)`, given because a workflow cannot hash */
  buildId: Sha256,
  definitionHash: Sha256,
  snapshotId: Sha256,
  asOf: AsOf.optional(),
  dataset: Name,
  featureSet: FeatureSet,
  label: LabelDefinition,
  origin: RequestOrigin,
})
export type BuildInput = z.infer<typeof BuildInput>

/** The rows of a group of symbols on a slice of sessions, in one uncompressed Arrow IPC file: `symbol` utf8, `session` date32, float32 features in order, float32 label, float32 persistence; rows by symbol, then session. */
export const FeatureShard = z.strictObject({
  object: ObjectRef,
  rows: z.int().nonnegative(),
  symbols: z.array(Ticker).min(1),
  firstSession: Session,
  lastSession: Session,
})
export type FeatureShard = z.infer<typeof FeatureShard>

export const FeatureColumn = z.strictObject({
  name: z.string(),
  /** normalised: parsed and printed again */
  expression: Expression,
  /** sessions of history that the first exact value needs, itself included */
  lookback: z.int().positive(),
})
export type FeatureColumn = z.infer<typeof FeatureColumn>

export const FeatureBuildManifest = z.strictObject({
  format: z.literal(1),
  definitionHash: Sha256,
  snapshotId: Sha256,
  asOf: AsOf.optional(),
  /** of the ordered feature names and normalised expressions and the engine's version: what a model declares it reads */
  featureHash: Sha256,
  engineVersion: z.string(),
  featureSet: z.strictObject({ name: Name, version: z.int().positive() }),
  /** whose members the rows are of; without one, all symbols */
  universe: UniverseName.optional(),
  columns: z.array(FeatureColumn).min(1),
  label: z.strictObject({
    expression: Expression,
    persistence: Expression,
    kind: z.enum(['time-series', 'cross-sectional']),
    /** sessions ahead that the label reads: the purge between segments */
    reach: z.int().positive(),
  }),
  rows: z.int().positive(),
  /** every session of the build, ascending: the calendar that segments and purges are counted in */
  sessions: z.array(Session).min(1),
  /** by group of symbols, then by time */
  shards: z.array(FeatureShard).min(1).max(4096),
})
export type FeatureBuildManifest = z.infer<typeof FeatureBuildManifest>

export const BuildState = z.enum(['running', 'pausing', 'paused', 'stopping', 'ready', 'failed', 'stopped'])
export type BuildState = z.infer<typeof BuildState>

/** Result of `buildFeatures`. */
export const BuildResult = z.strictObject({
  buildId: Sha256,
  state: BuildState,
  manifest: ObjectRef.nullable(),
  failure: z.string().nullable(),
})
export type BuildResult = z.infer<typeof BuildResult>

/** Shards of a build that are in the store, of all that it will have; a shard that was there counts when it is named. */
export const ShardCount = z.strictObject({ done: z.int().nonnegative(), total: z.int().nonnegative() })
export type ShardCount = z.infer<typeof ShardCount>

/** The id of a build is its `definitionHash`, its `snapshotId` and, if it has one, its `asOf`, hashed. */
export const FeatureBuild = z.strictObject({
  id: Sha256,
  definitionHash: Sha256,
  snapshotId: Sha256,
  asOf: AsOf.nullable(),
  dataset: Name,
  featureSet: z.strictObject({
    name: Name,
    version: z.int(),
    absent: z.array(AbsentFeature),
    processors: z.array(BuildProcessor).optional(),
    universe: UniverseName.optional(),
  }),
  label: LabelDefinition,
  state: BuildState,
  step: z.string(),
  /** null until the build is planned */
  shards: ShardCount.nullable(),
  rows: z.int().nullable(),
  columns: z.int().nullable(),
  seconds: z.number().nullable(),
  /** cached columns over all columns asked for */
  cacheHitRatio: z.number().min(0).max(1).nullable(),
  manifest: ObjectRef.nullable(),
  featureHash: Sha256.nullable(),
  failure: z.string().nullable(),
  requestedBy: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
})
export type FeatureBuild = z.infer<typeof FeatureBuild>

/** The newest row of a symbol, as serving holds it. `values` are float32; NaN is null in JSON. */
export const FeatureRow = z.strictObject({
  dataset: Name,
  featureHash: Sha256,
  buildId: Sha256,
  symbol: Ticker,
  session: Session,
  values: z.array(z.number().nullable()),
  sha256: Sha256,
})
export type FeatureRow = z.infer<typeof FeatureRow>
