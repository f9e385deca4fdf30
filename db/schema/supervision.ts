import { sql } from 'drizzle-orm'
import {
  bigserial,
  boolean,
  date,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { LabelDefinition } from '#contracts/features.ts'
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
import { at, now, run } from './columns.ts'

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
