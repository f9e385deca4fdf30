import { integer, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { Stage } from '#contracts/models.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Evaluation, FitResult, Recipe, TrainingState } from '#contracts/training.ts'
import { at, now, run } from './columns.ts'

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
