import { eq, sql } from 'drizzle-orm'
import type { SyncResult } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { syncResultOf } from '../queries/syncs.ts'
import { audit, dataset, snapshot, syncRun } from '../schema.ts'
import { withoutCollection } from './collection-lock.ts'
import { moveHead } from './move-head.ts'

export type Landing = {
  syncId: string
  /** the head that the sync started from */
  parentId: string | null
  snapshot: Omit<typeof snapshot.$inferInsert, 'dataset' | 'parentId' | 'syncId' | 'note' | 'createdAt' | 'collectedAt'>
  jumps: SyncResult['jumps']
  /** that every object of it is in the store: asked when none can be collected any more */
  assertStored: () => Promise<void>
}

/**
 * One transaction: the snapshot's row, the dataset's head moved from the parent, the audit row, the end of the run. A
 * snapshot that is the head already ends the run as `unchanged`. Landing again answers what the first time did.
 *
 * @throws QuantloopError conflict when the head has moved meanwhile | unavailable | what `assertStored` throws
 */
export async function landSnapshot(db: Database, landing: Landing): Promise<SyncResult> {
  return await db.transaction(async (tx) => {
    const [run] = await tx.select().from(syncRun).where(eq(syncRun.id, landing.syncId)).for('update')
    if (run === undefined) throw new QuantloopError('not_found', `no sync ${landing.syncId}`, { sync: landing.syncId })
    if (run.endedAt !== null) return syncResultOf(run)

    const { id, lastSession } = landing.snapshot
    const [target] = await tx.select({ head: dataset.headSnapshotId }).from(dataset).where(eq(dataset.name, run.dataset)).for('update')
    const unchanged = target?.head === id
    if (unchanged) {
      await tx.update(dataset).set({ connector: run.connector }).where(eq(dataset.name, run.dataset))
    } else {
      if (target?.head !== landing.parentId)
        throw new QuantloopError(
          'conflict',
          `the head of ${run.dataset} moved to ${target?.head} while sync ${run.id} ran: start it again`,
          { dataset: run.dataset },
        )
      await withoutCollection(tx)
      await landing.assertStored()
      await tx
        .insert(snapshot)
        .values({ ...landing.snapshot, dataset: run.dataset, parentId: landing.parentId, syncId: landing.syncId })
        // the same content again: it may have been collected meanwhile, and may have been cut into other chunks
        .onConflictDoUpdate({
          target: [snapshot.dataset, snapshot.id],
          set: { manifest: sql`excluded.manifest`, collectedAt: null },
        })
      await tx.update(dataset).set({ connector: run.connector }).where(eq(dataset.name, run.dataset))
      await moveHead(tx, {
        dataset: run.dataset,
        snapshotId: id,
        lastSession,
        kind: 'land',
        by: run.requestedBy,
        commandId: run.id,
      })
      await tx
        .insert(audit)
        .values({
          by: run.requestedBy,
          action: 'land-snapshot',
          subject: `dataset/${run.dataset}`,
          commandId: run.id,
          detail: { snapshotId: id, parentId: landing.parentId },
        })
        .onConflictDoNothing()
    }
    const [ended] = await tx
      .update(syncRun)
      .set({
        state: unchanged ? 'unchanged' : 'landed',
        step: 'land',
        snapshotId: id,
        jumps: landing.jumps,
        endedAt: new Date().toISOString(),
      })
      .where(eq(syncRun.id, run.id))
      .returning()
    return syncResultOf(ended!)
  })
}
