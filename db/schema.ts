import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { Role } from '#contracts/access.ts'
import type { CollectionState, Tally } from '#contracts/collections.ts'
import type { ConnectorConfig, PriceJump, SyncState } from '#contracts/datasets.ts'
import type { DeploymentState, GateReading, RolloutPlan, Route } from '#contracts/deployments.ts'
import type { CheckVerdict } from '#contracts/feature-checks.ts'
import type { BuildState, FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import type { Stage } from '#contracts/models.ts'
import type { PredictionInput } from '#contracts/predictions.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type {
  AlertKind,
  CalibrationState,
  ChallengeLook,
  EndpointEvent,
  MonitorKind,
  RetrainState,
  SupervisionPolicy,
  SupervisionState,
} from '#contracts/supervision.ts'
import type { Evaluation, FitResult, Recipe, TrainingState } from '#contracts/training.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { Ahead } from '#domain/features/slice-keys.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 })
const now = (name: string) => at(name).notNull().defaultNow()
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/** What every durable process keeps on its row. `journalSequence` orders the writes of one workflow. */
const run = {
  step: text('step').notNull().default(''),
  journalSequence: integer('journal_sequence').notNull().default(0),
  pausedBy: text('paused_by'),
  pausedMs: doublePrecision('paused_ms').notNull().default(0),
  failure: text('failure'),
  requestedBy: text('requested_by').notNull(),
  idempotencyKey: text('idempotency_key'),
  bodySha256: text('body_sha256').notNull(),
  startedAt: now('started_at'),
  endedAt: at('ended_at'),
}

// Data

export const dataset = pgTable('dataset', {
  name: text('name').primaryKey(),
  connector: jsonb('connector').$type<ConnectorConfig>().notNull(),
  headSnapshotId: text('head_snapshot_id'),
  lastSession: date('last_session', { mode: 'string' }),
  createdAt: now('created_at'),
})

export const snapshot = pgTable(
  'snapshot',
  {
    dataset: text('dataset')
      .notNull()
      .references(() => dataset.name),
    id: text('id').notNull(),
    parentId: text('parent_id'),
    syncId: uuid('sync_id').notNull(),
    manifest: jsonb('manifest').$type<ObjectRef>().notNull(),
    rows: integer('rows').notNull(),
    symbols: integer('symbols').notNull(),
    actions: integer('actions').notNull(),
    firstSession: date('first_session', { mode: 'string' }).notNull(),
    lastSession: date('last_session', { mode: 'string' }).notNull(),
    knownAtBasis: text('known_at_basis').$type<'observed' | 'assumed'>().notNull(),
    note: text('note'),
    createdAt: now('created_at'),
    /** its objects may be gone: nothing needed it. Landing the same content again brings it back. */
    collectedAt: at('collected_at'),
  },
  (t) => [primaryKey({ columns: [t.dataset, t.id] }), index('snapshot_by_id').on(t.id)],
)

/** Every move of a dataset's head, in order: its history. A command moves it once. */
export const headMove = pgTable(
  'head_move',
  {
    dataset: text('dataset')
      .notNull()
      .references(() => dataset.name),
    sequence: integer('sequence').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    kind: text('kind').$type<'land' | 'roll-back'>().notNull(),
    by: text('by').notNull(),
    commandId: uuid('command_id').notNull(),
    at: now('at'),
  },
  (t) => [primaryKey({ columns: [t.dataset, t.sequence] }), uniqueIndex('head_move_once').on(t.dataset, t.commandId)],
)

/** A name for a snapshot, which keeps it from collection. */
export const snapshotTag = pgTable(
  'snapshot_tag',
  {
    dataset: text('dataset').notNull(),
    name: text('name').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    taggedBy: text('tagged_by').notNull(),
    taggedAt: now('tagged_at'),
  },
  (t) => [
    primaryKey({ columns: [t.dataset, t.name] }),
    foreignKey({ columns: [t.dataset, t.snapshotId], foreignColumns: [snapshot.dataset, snapshot.id] }),
  ],
)

export const syncRun = pgTable(
  'sync_run',
  {
    id: uuid('id').primaryKey(),
    dataset: text('dataset').notNull(),
    connector: jsonb('connector').$type<ConnectorConfig>().notNull(),
    state: text('state').$type<SyncState>().notNull(),
    snapshotId: text('snapshot_id'),
    rows: integer('rows').notNull().default(0),
    symbols: integer('symbols').notNull().default(0),
    quarantined: integer('quarantined').notNull().default(0),
    jumps: jsonb('jumps').$type<PriceJump[]>().notNull().default([]),
    withdrawn: jsonb('withdrawn').$type<string[]>().notNull().default([]),
    ...run,
  },
  (t) => [index('sync_by_dataset').on(t.dataset, t.startedAt)],
)

export const quarantinedRow = pgTable(
  'quarantined_row',
  {
    syncId: uuid('sync_id')
      .notNull()
      .references(() => syncRun.id),
    file: text('file').notNull(),
    line: integer('line').notNull(),
    reason: text('reason').notNull(),
    symbol: text('symbol'),
    session: text('session'),
    raw: text('raw').notNull(),
  },
  (t) => [primaryKey({ columns: [t.syncId, t.file, t.line] })],
)

/** One garbage collection. `plan` is what it found; what was `removed` may be less, for each is looked at again. */
export const collection = pgTable('collection', {
  id: uuid('id').primaryKey(),
  dryRun: boolean('dry_run').notNull(),
  graceHours: doublePrecision('grace_hours').notNull(),
  keepDays: doublePrecision('keep_days').notNull(),
  state: text('state').$type<CollectionState>().notNull(),
  plan: jsonb('plan').$type<ObjectRef>(),
  scanned: jsonb('scanned').$type<Tally>(),
  found: jsonb('found').$type<Tally>(),
  removed: jsonb('removed').$type<Tally>(),
  ...run,
})

/**
 * Raw answers of a vendor, as they came: a sync that was killed goes on behind them, and a snapshot's lineage names them by
 * its sync. `address` has no secrets in it.
 */
export const fetchedPage = pgTable(
  'fetched_page',
  {
    syncId: uuid('sync_id')
      .notNull()
      .references(() => syncRun.id),
    page: text('page').notNull(),
    address: text('address').notNull(),
    object: jsonb('object').$type<ObjectRef>().notNull(),
    fetchedAt: now('fetched_at'),
  },
  (t) => [primaryKey({ columns: [t.syncId, t.page] })],
)

/** The quality report of a snapshot, computed once by each version of the engine when it is first asked for. */
export const snapshotQuality = pgTable(
  'snapshot_quality',
  {
    dataset: text('dataset').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    engineVersion: text('engine_version').notNull(),
    report: jsonb('report').$type<ObjectRef>().notNull(),
    createdAt: now('created_at'),
  },
  (t) => [
    primaryKey({ columns: [t.dataset, t.snapshotId, t.engineVersion] }),
    foreignKey({ columns: [t.dataset, t.snapshotId], foreignColumns: [snapshot.dataset, snapshot.id] }),
  ],
)

// Features

export const featureBuild = pgTable(
  'feature_build',
  {
    id: text('id').primaryKey(),
    definitionHash: text('definition_hash').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    asOf: at('as_of'),
    dataset: text('dataset').notNull(),
    featureSet: jsonb('feature_set').$type<FeatureSet>().notNull(),
    label: jsonb('label').$type<LabelDefinition>().notNull(),
    state: text('state').$type<BuildState>().notNull(),
    manifest: jsonb('manifest').$type<ObjectRef>(),
    featureHash: text('feature_hash'),
    rows: integer('rows'),
    columns: integer('columns'),
    seconds: doublePrecision('seconds'),
    cacheHitRatio: doublePrecision('cache_hit_ratio'),
    ...run,
  },
  (t) => [unique('feature_build_once').on(t.definitionHash, t.snapshotId, t.asOf).nullsNotDistinct()],
)

/** What the features of a build look like, computed once by each version of the statistics when it is first asked for. */
export const featureStatistics = pgTable(
  'feature_statistics',
  {
    buildId: text('build_id')
      .notNull()
      .references(() => featureBuild.id),
    engineVersion: text('engine_version').notNull(),
    report: jsonb('report').$type<ObjectRef>().notNull(),
    createdAt: now('created_at'),
  },
  (t) => [primaryKey({ columns: [t.buildId, t.engineVersion] })],
)

/** Whether the features of a build can be trusted, by each version of the check: what it found last, and who accepts it. */
export const featureCheck = pgTable(
  'feature_check',
  {
    buildId: text('build_id')
      .notNull()
      .references(() => featureBuild.id),
    engineVersion: text('engine_version').notNull(),
    dataset: text('dataset').notNull(),
    definitionHash: text('definition_hash').notNull(),
    verdict: text('verdict').$type<CheckVerdict>().notNull(),
    reasons: jsonb('reasons').$type<string[]>().notNull(),
    looksAhead: boolean('looks_ahead').notNull(),
    seed: integer('seed').notNull(),
    /** labels from this session on were not read */
    before: date('before', { mode: 'string' }),
    report: jsonb('report').$type<ObjectRef>().notNull(),
    acceptedBy: text('accepted_by'),
    acceptedReason: text('accepted_reason'),
    checkedAt: now('checked_at'),
  },
  (t) => [
    primaryKey({ columns: [t.buildId, t.engineVersion] }),
    index('feature_check_by_definition').on(t.dataset, t.definitionHash, t.checkedAt),
  ],
)

/** Feature sets of users: each version stays as it was registered. Equal content of a name has one version. */
export const featureSetVersion = pgTable(
  'feature_set_version',
  {
    name: text('name').notNull(),
    version: integer('version').notNull(),
    description: text('description').notNull(),
    features: jsonb('features').$type<FeatureSet['features']>().notNull(),
    contentSha256: text('content_sha256').notNull(),
    registeredBy: text('registered_by').notNull(),
    registeredAt: now('registered_at'),
  },
  (t) => [primaryKey({ columns: [t.name, t.version] }), uniqueIndex('feature_set_content_once').on(t.name, t.contentSha256)],
)

/** A feature set and a label that are built whenever a snapshot of the dataset lands. */
export const standingBuild = pgTable(
  'standing_build',
  {
    dataset: text('dataset')
      .notNull()
      .references(() => dataset.name),
    definitionHash: text('definition_hash').notNull(),
    featureSet: text('feature_set').notNull(),
    label: jsonb('label').$type<LabelDefinition>().notNull(),
    requestedBy: text('requested_by').notNull(),
    createdAt: now('created_at'),
  },
  (t) => [primaryKey({ columns: [t.dataset, t.definitionHash] })],
)

/** The columns that shards have, once for all shards that have the same ones; `hash` is of their names and expressions. */
export const featureColumnList = pgTable('feature_column_list', {
  hash: text('hash').primaryKey(),
  columns: jsonb('columns').$type<ShardColumn[]>().notNull(),
})

/**
 * Shards that some build computed. `key` is of all that columns without look-ahead read, `ahead` of what the label reads
 * beyond that; `sessions` are bits, one a day from the shard's first session on; `ends` are the last rows of the group's
 * symbols by then, from which later slices go on.
 */
export const featureShardCache = pgTable(
  'feature_shard_cache',
  {
    key: text('key').notNull(),
    columns: text('columns')
      .notNull()
      .references(() => featureColumnList.hash),
    shard: jsonb('shard').$type<FeatureShard>().notNull(),
    sessions: bytes('sessions').notNull(),
    ahead: jsonb('ahead').$type<Ahead>().notNull(),
    ends: jsonb('ends').$type<SeriesEnds>().notNull(),
    createdAt: now('created_at'),
  },
  (t) => [primaryKey({ columns: [t.key, t.columns] })],
)

/** The online store: the newest row by symbol. `values` are float32, little-endian, in the feature set's order. */
export const featureRow = pgTable(
  'feature_row',
  {
    dataset: text('dataset').notNull(),
    featureHash: text('feature_hash').notNull(),
    symbol: text('symbol').notNull(),
    session: date('session', { mode: 'string' }).notNull(),
    buildId: text('build_id').notNull(),
    values: bytes('values').notNull(),
    sha256: text('sha256').notNull(),
    updatedAt: now('updated_at'),
  },
  (t) => [primaryKey({ columns: [t.dataset, t.featureHash, t.symbol] })],
)

// Training

export const trainingRun = pgTable('training_run', {
  id: uuid('id').primaryKey(),
  modelName: text('model_name').notNull(),
  modelVersion: integer('model_version'),
  recipe: jsonb('recipe').$type<Recipe>().notNull(),
  state: text('state').$type<TrainingState>().notNull(),
  snapshotId: text('snapshot_id'),
  asOf: at('as_of'),
  buildId: text('build_id'),
  fit: jsonb('fit').$type<FitResult>(),
  evaluation: jsonb('evaluation').$type<Evaluation>(),
  ...run,
})

/**
 * Written by the trainer. `step` numbers the points of a fit from 1, the same on every attempt, so that a repeated round
 * finds its row there; `executed` is how many rounds all attempts had executed when one of them last came by.
 */
export const trainingProgress = pgTable(
  'training_progress',
  {
    runId: uuid('run_id').notNull(),
    step: integer('step').notNull(),
    phase: text('phase').$type<'search' | 'refit'>().notNull(),
    round: integer('round').notNull(),
    totalRounds: integer('total_rounds').notNull(),
    metrics: jsonb('metrics').$type<Record<string, number | null>>().notNull(),
    executed: integer('executed').notNull().default(0),
    at: now('at'),
  },
  (t) => [primaryKey({ columns: [t.runId, t.step] })],
)

/**
 * Written by the trainer: the pointer to go on from. `executed` counts the rounds that all attempts have executed so
 * far, repeats included.
 */
export const trainingCheckpoint = pgTable(
  'training_checkpoint',
  {
    runId: uuid('run_id').notNull(),
    block: integer('block').notNull(),
    phase: text('phase').$type<'search' | 'refit'>().notNull(),
    round: integer('round').notNull(),
    executed: integer('executed').notNull(),
    object: jsonb('object').$type<ObjectRef>().notNull(),
    at: now('at'),
  },
  (t) => [primaryKey({ columns: [t.runId, t.block] })],
)

/** Each opening of a test segment. Asking again for the same purpose is the same opening. */
export const testOpening = pgTable(
  'test_opening',
  {
    runId: uuid('run_id').notNull(),
    purpose: text('purpose').notNull(),
    buildId: text('build_id').notNull(),
    at: now('at'),
  },
  (t) => [primaryKey({ columns: [t.runId, t.purpose] })],
)

export const model = pgTable('model', { name: text('name').primaryKey(), createdAt: now('created_at') })

export const modelVersion = pgTable(
  'model_version',
  {
    name: text('name')
      .notNull()
      .references(() => model.name),
    version: integer('version').notNull(),
    stage: text('stage').$type<Stage>().notNull(),
    runId: uuid('run_id').notNull(),
    onnx: jsonb('onnx').$type<ObjectRef>().notNull(),
    sidecar: jsonb('sidecar').$type<ObjectRef>().notNull(),
    featureHash: text('feature_hash').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    buildId: text('build_id').notNull(),
    dataset: text('dataset').notNull(),
    createdAt: now('created_at'),
  },
  (t) => [primaryKey({ columns: [t.name, t.version] }), uniqueIndex('model_version_once_a_run').on(t.runId)],
)

// Serving

/** The routing table: one row an endpoint. Replicas prepare `prepared`; the switch is the commit of `active`. */
export const endpoint = pgTable('endpoint', {
  name: text('name').primaryKey(),
  prepareRevision: integer('prepare_revision').notNull().default(0),
  prepared: jsonb('prepared').$type<Route>(),
  activeRevision: integer('active_revision').notNull().default(0),
  active: jsonb('active').$type<Route>(),
  share: doublePrecision('share').notNull().default(0),
  previous: jsonb('previous').$type<Route>(),
  updatedAt: now('updated_at'),
})

export const deployment = pgTable(
  'deployment',
  {
    id: uuid('id').primaryKey(),
    endpoint: text('endpoint').notNull(),
    modelName: text('model_name').notNull(),
    modelVersion: integer('model_version').notNull(),
    plan: jsonb('plan').$type<RolloutPlan>().notNull(),
    state: text('state').$type<DeploymentState>().notNull(),
    revision: integer('revision'),
    /** what it answers by, once it was prepared */
    route: jsonb('route').$type<Route>(),
    predecessorId: uuid('predecessor_id'),
    gates: jsonb('gates').$type<GateReading[]>().notNull().default([]),
    ...run,
  },
  (t) => [
    index('deployment_by_endpoint').on(t.endpoint, t.startedAt),
    uniqueIndex('deployment_one_active')
      .on(t.endpoint)
      .where(sql`state = 'active'`),
    uniqueIndex('deployment_one_in_flight')
      .on(t.endpoint)
      .where(sql`state in ('running', 'pausing', 'paused', 'awaiting_approval', 'stopping') or (state = 'active' and ended_at is null)`),
  ],
)

/**
 * What a replica holds, by endpoint: `ready` is the newest revision that it has loaded and warmed, `active` the one that
 * it answers by, `share` the part of its requests that the prepared one answers.
 */
export const servingLease = pgTable('serving_lease', {
  replicaId: text('replica_id').primaryKey(),
  url: text('url').notNull(),
  ready: jsonb('ready').$type<Record<string, number>>().notNull().default({}),
  active: jsonb('active').$type<Record<string, number>>().notNull().default({}),
  share: jsonb('share').$type<Record<string, number>>().notNull().default({}),
  refusal: jsonb('refusal').$type<Record<string, { revision: number; reason: string }>>().notNull().default({}),
  renewedAt: now('renewed_at'),
})

/**
 * Written by serving: what one serving process has answered for one deployment since it started. Counts only rise;
 * `incarnation` is new with each start. Latencies are counts by bucket of `latencyBucketsMs`.
 */
export const servingTally = pgTable(
  'serving_tally',
  {
    replicaId: text('replica_id').notNull(),
    incarnation: uuid('incarnation').notNull(),
    deploymentId: uuid('deployment_id').notNull(),
    requests: bigint('requests', { mode: 'number' }).notNull(),
    errors: bigint('errors', { mode: 'number' }).notNull(),
    nonFinite: bigint('non_finite', { mode: 'number' }).notNull(),
    answers: bigint('answers', { mode: 'number' }).notNull(),
    /** sum and sum of squares of the answers, minus `origin` */
    origin: doublePrecision('origin').notNull(),
    sum: doublePrecision('sum').notNull(),
    sumOfSquares: doublePrecision('sum_of_squares').notNull(),
    latencies: jsonb('latencies').$type<number[]>().notNull(),
    updatedAt: now('updated_at'),
  },
  (t) => [primaryKey({ columns: [t.incarnation, t.deploymentId] }), index('serving_tally_by_deployment').on(t.deploymentId)],
)

export const prediction = pgTable(
  'prediction',
  {
    id: uuid('id').primaryKey(),
    endpoint: text('endpoint').notNull(),
    deploymentId: uuid('deployment_id').notNull(),
    revision: integer('revision').notNull(),
    modelName: text('model_name').notNull(),
    modelVersion: integer('model_version').notNull(),
    onnxSha256: text('onnx_sha256').notNull(),
    input: jsonb('input').$type<PredictionInput>().notNull(),
    value: doublePrecision('value').notNull(),
    unitId: text('unit_id'),
    stale: boolean('stale').notNull(),
    replicaId: text('replica_id').notNull(),
    predictedAt: at('predicted_at').notNull(),
    shippedAt: now('shipped_at'),
  },
  (t) => [
    index('prediction_by_endpoint').on(t.endpoint, t.predictedAt),
    index('prediction_by_row')
      .on(t.endpoint, sql`(input ->> 'session')`, sql`(input ->> 'symbol')`)
      .where(sql`input ->> 'kind' = 'feature-row'`),
  ],
)

// Supervision

/** What a label came to. `revision` rises when the bars that it reads were restated. */
export const realizedLabel = pgTable(
  'realized_label',
  {
    dataset: text('dataset').notNull(),
    /** the label's normalised expression */
    expression: text('expression').notNull(),
    symbol: text('symbol').notNull(),
    session: date('session', { mode: 'string' }).notNull(),
    value: doublePrecision('value').notNull(),
    snapshotId: text('snapshot_id').notNull(),
    revision: integer('revision').notNull().default(1),
  },
  (t) => [primaryKey({ columns: [t.dataset, t.expression, t.symbol, t.session] })],
)

/** The score of a live prediction, once its label has matured; scored anew only when the label's revision has risen. */
export const predictionScore = pgTable('prediction_score', {
  predictionId: uuid('prediction_id').primaryKey(),
  label: doublePrecision('label').notNull(),
  squaredError: doublePrecision('squared_error').notNull(),
  labelRevision: integer('label_revision').notNull(),
  snapshotId: text('snapshot_id').notNull(),
  scoredAt: now('scored_at'),
})

/** What each forecaster in play said for each symbol and session: the standing panel that monitors and challenges judge on. */
export const forecast = pgTable(
  'forecast',
  {
    endpoint: text('endpoint').notNull(),
    forecaster: text('forecaster').notNull(),
    symbol: text('symbol').notNull(),
    session: date('session', { mode: 'string' }).notNull(),
    value: doublePrecision('value').notNull(),
    buildId: text('build_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.endpoint, t.forecaster, t.symbol, t.session] }), index('forecast_by_session').on(t.endpoint, t.session)],
)

export const sessionScore = pgTable(
  'session_score',
  {
    endpoint: text('endpoint').notNull(),
    forecaster: text('forecaster').notNull(),
    session: date('session', { mode: 'string' }).notNull(),
    /** mean squared error over the symbols, and mean of forecast − label */
    loss: doublePrecision('loss').notNull(),
    bias: doublePrecision('bias').notNull(),
    rows: integer('rows').notNull(),
    /** sum of the labels' revisions: it rises when one of them was restated */
    labelRevisions: integer('label_revisions').notNull(),
    scoredAt: now('scored_at'),
  },
  (t) => [primaryKey({ columns: [t.endpoint, t.forecaster, t.session] })],
)

export const supervision = pgTable('supervision', {
  endpoint: text('endpoint').primaryKey(),
  dataset: text('dataset').notNull(),
  label: jsonb('label').$type<LabelDefinition>().notNull(),
  policy: jsonb('policy').$type<SupervisionPolicy>().notNull(),
  state: text('state').$type<SupervisionState>().notNull(),
  championName: text('champion_name'),
  championVersion: integer('champion_version'),
  /** its monitors look at sessions after this one */
  championAfter: date('champion_after', { mode: 'string' }),
  /** what a challenger is fitted by: the last champion that was trained */
  recipeRunId: uuid('recipe_run_id'),
  processedThrough: date('processed_through', { mode: 'string' }),
  /** the snapshot whose bars were last scored */
  snapshotId: text('snapshot_id'),
  ...run,
})

/** Walk-forward errors, computed once a recipe. */
export const calibration = pgTable('calibration', {
  recipeHash: text('recipe_hash').primaryKey(),
  modelName: text('model_name').notNull(),
  modelVersion: integer('model_version').notNull(),
  state: text('state').$type<CalibrationState>().notNull(),
  walkForward: jsonb('walk_forward').$type<ObjectRef>(),
  ...run,
})

export const monitor = pgTable(
  'monitor',
  {
    id: uuid('id').primaryKey(),
    endpoint: text('endpoint').notNull(),
    kind: text('kind').$type<MonitorKind>().notNull(),
    modelName: text('model_name').notNull(),
    modelVersion: integer('model_version').notNull(),
    /** it looks at sessions after this one */
    after: date('after', { mode: 'string' }).notNull(),
    threshold: doublePrecision('threshold').notNull(),
    calibration: jsonb('calibration').$type<Record<string, unknown>>().notNull(),
    createdAt: now('created_at'),
    endedAt: at('ended_at'),
  },
  (t) => [uniqueIndex('monitor_once').on(t.endpoint, t.kind, t.modelName, t.modelVersion, t.after)],
)

export const monitorPoint = pgTable(
  'monitor_point',
  {
    monitorId: uuid('monitor_id')
      .notNull()
      .references(() => monitor.id),
    session: date('session', { mode: 'string' }).notNull(),
    statistic: doublePrecision('statistic').notNull(),
    fired: boolean('fired').notNull(),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [primaryKey({ columns: [t.monitorId, t.session] })],
)

export const alert = pgTable(
  'alert',
  {
    id: uuid('id').primaryKey(),
    endpoint: text('endpoint').notNull(),
    kind: text('kind').$type<AlertKind>().notNull(),
    severity: text('severity').$type<'info' | 'warning' | 'critical'>().notNull(),
    session: date('session', { mode: 'string' }).notNull(),
    monitorId: uuid('monitor_id'),
    summary: text('summary').notNull(),
    evidence: jsonb('evidence').$type<Record<string, unknown>>().notNull(),
    raisedAt: now('raised_at'),
    acknowledgedBy: text('acknowledged_by'),
    acknowledgedAt: at('acknowledged_at'),
  },
  (t) => [uniqueIndex('alert_once').on(t.endpoint, t.kind, t.session), index('alert_by_endpoint').on(t.endpoint, t.raisedAt)],
)

export const retrain = pgTable(
  'retrain',
  {
    id: uuid('id').primaryKey(),
    endpoint: text('endpoint').notNull(),
    trigger: text('trigger').$type<'decay' | 'data-drift' | 'manual'>().notNull(),
    alertId: uuid('alert_id'),
    session: date('session', { mode: 'string' }).notNull(),
    runId: uuid('run_id').notNull().unique(),
    state: text('state').$type<RetrainState>().notNull(),
    championName: text('champion_name').notNull(),
    championVersion: integer('champion_version').notNull(),
    challengerName: text('challenger_name'),
    challengerVersion: integer('challenger_version'),
    looks: jsonb('looks').$type<ChallengeLook[]>().notNull().default([]),
    verdict: text('verdict').$type<'better' | 'worse' | 'inconclusive'>(),
    reason: text('reason'),
    deploymentId: uuid('deployment_id'),
    /** what brings the endpoint back to persistence, which beats both sides */
    fallback: jsonb('fallback').$type<{ runId: string; deploymentId: string }>(),
    requestedBy: text('requested_by').notNull(),
    startedAt: now('started_at'),
    endedAt: at('ended_at'),
  },
  (t) => [
    index('retrain_by_endpoint').on(t.endpoint, t.startedAt),
    uniqueIndex('retrain_one_in_flight')
      .on(t.endpoint)
      .where(sql`ended_at is null`),
  ],
)

/** What happened on an endpoint, for those who follow it. `key` makes each happen once. */
export const endpointEvent = pgTable(
  'endpoint_event',
  {
    sequence: bigserial('sequence', { mode: 'number' }).primaryKey(),
    endpoint: text('endpoint').notNull(),
    key: text('key').notNull(),
    kind: text('kind').$type<EndpointEvent['kind']>().notNull(),
    session: date('session', { mode: 'string' }),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
    at: now('at'),
  },
  (t) => [uniqueIndex('endpoint_event_once').on(t.endpoint, t.key)],
)

// Access

export const apiKey = pgTable('api_key', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  role: text('role').$type<Role>().notNull(),
  keySha256: text('key_sha256').notNull().unique(),
  createdAt: now('created_at'),
  revokedAt: at('revoked_at'),
})

/** A request's Idempotency-Key, as the id that key, address and client give, with the body that it first came with. */
export const idempotencyKey = pgTable('idempotency_key', {
  id: uuid('id').primaryKey(),
  bodySha256: text('body_sha256').notNull(),
  claimedAt: now('claimed_at'),
})

/** Append-only. One row for one command on one subject, however often it arrives. */
export const audit = pgTable(
  'audit',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    at: now('at'),
    by: text('by').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    commandId: uuid('command_id').notNull(),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [uniqueIndex('audit_once').on(t.commandId, t.action, t.subject), index('audit_by_subject').on(t.subject)],
)
