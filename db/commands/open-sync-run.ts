import { and, eq } from 'drizzle-orm'
import type { SyncInput } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '../client.ts'
import { iso } from '../queries/timestamps.ts'
import { dataset, snapshot, syncRun } from '../schema.ts'

/** `head` is the snapshot that the sync starts from, and that must still be the head when it lands. */
export type OpenedSync = { startedAt: string; head: { id: string; manifest: ObjectRef; rows: number } | null }

/** The run's first row, and the dataset's own if it is new. Opening again changes nothing. */
export async function openSyncRun(db: Database, input: SyncInput): Promise<OpenedSync> {
  return await db.transaction(async (tx) => {
    await tx.insert(dataset).values({ name: input.dataset, connector: input.connector }).onConflictDoNothing()
    await tx
      .insert(syncRun)
      .values({
        id: input.syncId,
        dataset: input.dataset,
        connector: input.connector,
        state: 'running',
        requestedBy: input.origin.by,
        idempotencyKey: input.origin.idempotencyKey ?? null,
        bodySha256: input.origin.bodySha256,
      })
      .onConflictDoNothing()
    const [run] = await tx.select({ startedAt: syncRun.startedAt }).from(syncRun).where(eq(syncRun.id, input.syncId))
    const [head] = await tx
      .select({ id: snapshot.id, manifest: snapshot.manifest, rows: snapshot.rows })
      .from(dataset)
      .innerJoin(snapshot, and(eq(snapshot.dataset, dataset.name), eq(snapshot.id, dataset.headSnapshotId)))
      .where(eq(dataset.name, input.dataset))
    return { startedAt: iso(run!.startedAt), head: head ?? null }
  })
}
