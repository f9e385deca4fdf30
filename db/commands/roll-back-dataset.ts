import { eq } from 'drizzle-orm'
import type { Command } from '#contracts/commands.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../client.ts'
import { dataset } from '../schema.ts'
import { auditOrder } from './audit-order.ts'
import { hasApplied } from './has-applied.ts'
import { holdSnapshot } from './hold-snapshot.ts'
import { moveHead } from './move-head.ts'

/** `from` is the head that whoever asked has seen. */
export type DatasetRollback = { dataset: string; from: string; to: string }

/**
 * A new head with the content of an earlier one, in one transaction under the lock of the dataset's row; history goes on.
 * A sync that began before will not land: the head that it started from has moved. Rolling back again under the same
 * command changes nothing.
 *
 * @throws QuantloopError not_found | snapshot_not_found | nothing_to_roll_back | conflict when the head has moved meanwhile
 */
export async function rollBackDataset(db: Database, { dataset: name, from, to }: DatasetRollback, command: Command): Promise<void> {
  await db.transaction(async (tx) => {
    const [target] = await tx.select({ head: dataset.headSnapshotId }).from(dataset).where(eq(dataset.name, name)).for('update')
    if (target === undefined) throw new QuantloopError('not_found', `there is no dataset ${name}`, { dataset: name })
    const subject = `dataset/${name}`
    if (await hasApplied(tx, command, subject)) return
    if (target.head !== from)
      throw new QuantloopError('conflict', `the head of ${name} has moved from ${from} to ${target.head} meanwhile: look at it first`, {
        dataset: name,
      })
    if (from === to)
      throw new QuantloopError('nothing_to_roll_back', `the head of ${name} is ${to} already`, { dataset: name, snapshotId: to })
    const { lastSession } = await holdSnapshot(tx, { dataset: name, id: to })
    await moveHead(tx, { dataset: name, snapshotId: to, lastSession, kind: 'roll-back', by: command.by, commandId: command.commandId })
    await auditOrder(tx, { action: 'roll-back', subject, detail: { from, to } }, command)
  })
}
