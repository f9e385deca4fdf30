import { and, eq, sql } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { snapshotTag } from '../schema.ts'
import { auditOrder } from './audit-order.ts'
import { hasApplied } from './has-applied.ts'
import { holdSnapshot } from './hold-snapshot.ts'

export type Tagging = { dataset: string; tag: string; snapshotId: string }

/**
 * Sets a tag, or moves it. The audit row tells what it stood on before.
 * @throws QuantloopError snapshot_not_found
 */
export async function tagSnapshot(db: Database, { dataset, tag, snapshotId }: Tagging, command: Command): Promise<void> {
  await db.transaction(async (tx) => {
    const subject = `snapshot-tag/${dataset}/${tag}`
    if (await hasApplied(tx, command, subject)) return
    await holdSnapshot(tx, { dataset, id: snapshotId })
    const [known] = await tx
      .select({ snapshotId: snapshotTag.snapshotId })
      .from(snapshotTag)
      .where(and(eq(snapshotTag.dataset, dataset), eq(snapshotTag.name, tag)))
      .for('update')
    await tx
      .insert(snapshotTag)
      .values({ dataset, name: tag, snapshotId, taggedBy: command.by })
      .onConflictDoUpdate({
        target: [snapshotTag.dataset, snapshotTag.name],
        set: { snapshotId, taggedBy: command.by, taggedAt: sql`now()` },
      })
    const detail = { snapshotId, ...(known === undefined ? {} : { movedFrom: known.snapshotId }) }
    await auditOrder(tx, { action: 'tag', subject, detail }, command)
  })
}

/** @throws QuantloopError not_found */
export async function untagSnapshot(db: Database, { dataset, tag }: Omit<Tagging, 'snapshotId'>, command: Command): Promise<void> {
  await db.transaction(async (tx) => {
    const subject = `snapshot-tag/${dataset}/${tag}`
    if (await hasApplied(tx, command, subject)) return
    const [removed] = await tx
      .delete(snapshotTag)
      .where(and(eq(snapshotTag.dataset, dataset), eq(snapshotTag.name, tag)))
      .returning()
    if (removed === undefined) throw new QuantloopError('not_found', `the dataset ${dataset} has no tag ${tag}`, { dataset, tag })
    await auditOrder(tx, { action: 'untag', subject, detail: { snapshotId: removed.snapshotId } }, command)
  })
}
