import { and, eq, isNull } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../client.ts'
import { dataset, trainingRun } from '../schema.ts'
import { holdSnapshot } from './hold-snapshot.ts'

/**
 * Which snapshot a run trains on: the one asked for, else the dataset's head at this moment. It is decided once; a
 * repeat answers what was decided first, even when the head has moved on.
 * @throws QuantloopError not_found | snapshot_not_found
 */
export async function pinTrainingSnapshot(
  db: Executor,
  run: { runId: string; dataset: string; snapshotId?: string | undefined },
): Promise<string> {
  const pinned = await pinnedOf(db, run.runId)
  if (pinned !== null) return pinned
  const snapshotId = run.snapshotId ?? (await headOf(db, run.dataset))
  return await db.transaction(async (tx) => {
    await holdSnapshot(tx, { dataset: run.dataset, id: snapshotId })
    await tx
      .update(trainingRun)
      .set({ snapshotId })
      .where(and(eq(trainingRun.id, run.runId), isNull(trainingRun.snapshotId)))
    return (await pinnedOf(tx, run.runId)) ?? snapshotId
  })
}

async function pinnedOf(db: Executor, runId: string): Promise<string | null> {
  const [row] = await db.select({ snapshotId: trainingRun.snapshotId }).from(trainingRun).where(eq(trainingRun.id, runId))
  if (row === undefined) throw new QuantloopError('not_found', `there is no training run ${runId}`)
  return row.snapshotId
}

async function headOf(db: Executor, name: string): Promise<string> {
  const [found] = await db.select({ head: dataset.headSnapshotId }).from(dataset).where(eq(dataset.name, name))
  if (found === undefined)
    throw new QuantloopError('not_found', `there is no dataset ${name}: import it with \`quantloop data import\``, { dataset: name })
  if (found.head === null)
    throw new QuantloopError('snapshot_not_found', `the dataset ${name} has no snapshot yet: its first import has not landed`, {
      dataset: name,
    })
  return found.head
}
