import { and, eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { snapshot } from '../schema.ts'
import { auditOrder } from './audit-order.ts'

/** What people should know of a snapshot. An empty note removes it. @throws QuantloopError snapshot_not_found */
export async function noteSnapshot(
  db: Database,
  { dataset, snapshotId, note }: { dataset: string; snapshotId: string; note: string },
  command: Command,
): Promise<void> {
  await db.transaction(async (tx) => {
    const noted = await tx
      .update(snapshot)
      .set({ note: note === '' ? null : note })
      .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, snapshotId)))
      .returning({ id: snapshot.id })
    if (noted.length === 0)
      throw new QuantloopError('snapshot_not_found', `the dataset ${dataset} has no snapshot ${snapshotId}`, { dataset, snapshotId })
    await auditOrder(tx, { action: 'note', subject: `snapshot/${dataset}/${snapshotId}`, detail: { note } }, command)
  })
}
