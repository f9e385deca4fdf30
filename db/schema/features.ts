import { boolean, date, doublePrecision, index, integer, jsonb, pgTable, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import type { CheckVerdict } from '#contracts/feature-checks.ts'
import type { BuildState, FeatureLimits, FeatureSet, FeatureShard, LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { NonFinite } from '#domain/features/non-finite.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import type { Ahead } from '#domain/features/slice-keys.ts'
import { dataset } from './data.ts'
import { at, bytes, now, run } from './columns.ts'

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

/** How far the batches of a build are, as its plan cut them: of `shards` shards `done` are in the store. */
export const featureBuildProgress = pgTable(
  'feature_build_progress',
  {
    buildId: text('build_id')
      .notNull()
      .references(() => featureBuild.id, { onDelete: 'cascade' }),
    batch: integer('batch').notNull(),
    shards: integer('shards').notNull(),
    done: integer('done').notNull(),
  },
  (t) => [primaryKey({ columns: [t.buildId, t.batch] })],
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
    /** null where it says nothing */
    limits: jsonb('limits').$type<FeatureLimits>(),
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
    /** null for all symbols */
    universe: text('universe'),
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
 * symbols by then, and `states` those of recursive steps (SliceStates), from which later slices go on; `nonFinite` counts
 * values that are no numbers.
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
    /** null where no column is recursive, or it reads what the key does not name */
    states: bytes('states'),
    nonFinite: jsonb('non_finite').$type<NonFinite>().notNull(),
    place: text('place'),
    createdAt: now('created_at'),
  },
  (t) => [primaryKey({ columns: [t.key, t.columns] }), index('feature_shard_cache_place').on(t.place, t.columns)],
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
