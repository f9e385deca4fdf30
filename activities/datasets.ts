import type { PriceJump, SnapshotManifest, SyncInput, SyncResult } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { endSync } from '#db/commands/end-sync.ts'
import { landSnapshot } from '#db/commands/land-snapshot.ts'
import { openSyncRun, type OpenedSync } from '#db/commands/open-sync-run.ts'
import { recordSyncFindings } from '#db/commands/record-sync-findings.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { findSync } from '#db/queries/syncs.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { assertStored } from './assert-stored.ts'
import { asQuantloopError, QuantloopError } from '#contracts/errors.ts'
import { composeSnapshot } from './datasets/compose-snapshot.ts'
import type { ImportConfig } from './datasets/connect.ts'
import { examineBars } from './datasets/examine-bars.ts'
import { importBars, type Imported, type ImportWorld } from './datasets/import-bars.ts'
import { nudgeFollowers } from './datasets/nudge-followers.ts'
import { releaseSession, type Release } from './datasets/release-session.ts'
import type { Vendors } from './datasets/vendors/vendors.ts'
import { interruptible } from './interruptible.ts'
import { besideObjects } from './snapshots/beside-bars.ts'
import { optionalColumnsOf } from './snapshots/optional-columns.ts'
import { readManifest } from './snapshots/read-manifest.ts'

export type DatasetWorld = { db: Database; objects: ObjectStore; python: string; vendors: Vendors }

/**
 * The steps of `syncMarketData`. Each may run again after a kill: objects are named by their content, rows by the sync's
 * id, and landing is one transaction. Between steps data stays in the store; only references pass through the workflow.
 */
export const createDatasetActivities = ({ db, objects, python, vendors }: DatasetWorld) => ({
  openSync: (input: SyncInput): Promise<OpenedSync> => openSyncRun(db, input),

  importBars: ({
    syncId,
    connector,
    asOf,
    parent,
  }: {
    syncId: string
    connector: ImportConfig
    asOf: string
    parent: ObjectRef | null
  }): Promise<Imported> =>
    interruptible(async (cancelled) => {
      const imported = await importBars(importWorld({ db, objects, python, vendors }), {
        syncId,
        config: connector,
        asOf,
        parent,
        cancelled,
      })
      const { rows, symbols, quarantined, withdrawn } = imported
      await recordSyncFindings(db, syncId, { rows, symbols, quarantined, withdrawn })
      return imported
    }),

  /** `held` moves wait for a person; all moves are on the run's row. */
  examineBars: ({
    syncId,
    staged,
    parent,
  }: {
    syncId: string
    staged: ObjectRef
    parent: ObjectRef | null
  }): Promise<{ examination: ObjectRef; held: number }> =>
    interruptible(async (cancelled) => {
      const { examination, jumps } = await examineBars(objects, { staged, parent, cancelled })
      await recordSyncFindings(db, syncId, { jumps })
      return { examination, held: heldOf(jumps) }
    }),

  composeSnapshot: (composition: { staged: ObjectRef; examination: ObjectRef; approved: boolean }): Promise<ObjectRef> =>
    interruptible((cancelled) => composeSnapshot(objects, { ...composition, cancelled })),

  /** A replay's import, check and composition in one: there is little of each in one session. */
  releaseSession: (release: Release): Promise<{ manifest: ObjectRef; held: number }> =>
    interruptible(async (cancelled) => {
      const { manifest, ...findings } = await releaseSession(importWorld({ db, objects, python, vendors }), release, cancelled)
      await recordSyncFindings(db, release.syncId, findings)
      return { manifest, held: heldOf(findings.jumps) }
    }),

  async landSnapshot({
    syncId,
    manifest: ref,
    parentId,
  }: {
    syncId: string
    manifest: ObjectRef
    parentId: string | null
  }): Promise<SyncResult> {
    const manifest = await readManifest(objects, ref)
    const parent = parentId === null ? undefined : await manifestOf(db, objects, syncId, parentId)
    const held = new Set(parent === undefined ? [] : contentOf(parent).map(({ sha256 }) => sha256))
    const fresh = contentOf(manifest).filter(({ sha256 }) => !held.has(sha256))
    return await landSnapshot(db, {
      syncId,
      parentId,
      snapshot: {
        id: manifest.id,
        manifest: ref,
        rows: manifest.rows,
        symbols: manifest.symbols.length,
        actions: manifest.actions.length,
        firstSession: manifest.firstSession,
        lastSession: manifest.lastSession,
        knownAtBasis: manifest.knownAtBasis,
        optionalColumns: optionalColumnsOf(manifest),
      },
      jumps: manifest.clearedJumps,
      // the head keeps its own
      assertStored: () => assertLandable(objects, [ref, ...fresh]),
    })
  },

  nudgeFollowers: ({ dataset }: { dataset: string }): Promise<void> => nudgeFollowers(db, dataset),

  endSync: ({
    syncId,
    state,
    failure,
  }: {
    syncId: string
    state: 'rejected' | 'failed' | 'stopped'
    failure: string | null
  }): Promise<SyncResult> => endSync(db, syncId, { state, failure }),
})

const importWorld = ({ db, objects, python, vendors }: DatasetWorld): ImportWorld => ({
  db,
  objects,
  python,
  vendors,
  readUpload: (upload) => objects.readUpload(upload),
})

/** The manifest of a snapshot of the dataset that a sync brings up to date. */
async function manifestOf(db: Database, objects: ObjectStore, syncId: string, id: string): Promise<SnapshotManifest | undefined> {
  const sync = await findSync(db, syncId)
  const snapshot = sync && (await findSnapshot(db, id, sync.dataset))
  return snapshot && (await readManifest(objects, snapshot.manifest))
}

/**
 * What lands was stored a moment before: what is gone of it, equal content that nothing needed, a collection took.
 * @throws QuantloopError content_collected: the import stores it anew | unavailable
 */
async function assertLandable(objects: ObjectStore, refs: readonly ObjectRef[]): Promise<void> {
  try {
    await assertStored(objects, refs)
  } catch (error) {
    const missing = asQuantloopError(error)
    if (missing?.code !== 'object_missing') throw error
    throw new QuantloopError('content_collected', `${missing.message}: sync again`, missing.place, { cause: error })
  }
}

/** The objects that hold what a snapshot says. */
const contentOf = ({ chunks, beside }: SnapshotManifest): ObjectRef[] => [...chunks.map(({ object }) => object), ...besideObjects(beside)]

const heldOf = (jumps: readonly PriceJump[]) => jumps.filter(({ clearedBy }) => clearedBy === undefined).length

export type DatasetActivities = ReturnType<typeof createDatasetActivities>
