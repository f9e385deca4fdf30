import { sql } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { DeploymentState, GateReading, RolloutPlan, Route } from '#contracts/deployments.ts'
import type { PredictionInput } from '#contracts/predictions.ts'
import { at, now, run } from './columns.ts'

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
