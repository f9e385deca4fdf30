import {
  boolean,
  date,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import type { CollectionState, Tally } from '#contracts/collections.ts'
import type { ConnectorConfig, PriceJump, SyncState } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Failure, InspectionEnd, InspectionKind, InspectionResults } from '#contracts/snapshots.ts'
import { at, now, run } from './columns.ts'

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
    /** columns of its bars that not every source has */
    optionalColumns: text('optional_columns').array().notNull().default([]),
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

/** Comparisons, exports and verifications that have ended. They tell what was, and keep no snapshot. */
export const inspection = pgTable(
  'inspection',
  {
    kind: text('kind').$type<InspectionKind>().notNull(),
    id: uuid('id').notNull(),
    dataset: text('dataset'),
    snapshotIds: jsonb('snapshot_ids').$type<string[]>().notNull(),
    state: text('state').$type<InspectionEnd>().notNull(),
    failure: jsonb('failure').$type<Failure>(),
    result: jsonb('result').$type<InspectionResults[InspectionKind]>(),
    requestedBy: text('requested_by').notNull(),
    startedAt: at('started_at').notNull(),
    endedAt: now('ended_at'),
  },
  (t) => [
    primaryKey({ columns: [t.kind, t.id] }),
    index('inspection_by_time').on(t.kind, t.endedAt),
    index('inspection_by_snapshot').using('gin', t.snapshotIds),
  ],
)
