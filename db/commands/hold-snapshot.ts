import { and, eq, isNull } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../client.ts'
import { snapshot } from '../schema.ts'

/**
 * Whoever is about to name a snapshot holds its row until the end of the transaction: a collection, which locks the row
 * before it looks for names, then either finds this one, or has been before, and the snapshot is not found here.
 */
export async function lockSnapshot(
  tx: Executor,
  { dataset, id }: { dataset: string; id: string },
): Promise<{ lastSession: string } | undefined> {
  const [held] = await tx
    .select({ lastSession: snapshot.lastSession })
    .from(snapshot)
    .where(and(eq(snapshot.dataset, dataset), eq(snapshot.id, id), isNull(snapshot.collectedAt)))
    .for('share')
  return held
}

/** The same for those who need it there. @throws QuantloopError snapshot_not_found */
export async function holdSnapshot(tx: Executor, named: { dataset: string; id: string }): Promise<{ lastSession: string }> {
  const held = await lockSnapshot(tx, named)
  if (held !== undefined) return held
  const { dataset, id } = named
  throw new QuantloopError(
    'snapshot_not_found',
    `the dataset ${dataset} has no snapshot ${id}, or its content was collected: see \`quantloop data snapshots ${dataset}\``,
    { dataset, snapshotId: id },
  )
}
