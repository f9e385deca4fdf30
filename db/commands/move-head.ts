import { eq, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { dataset, headMove } from '../schema.ts'

export type Move = { dataset: string; snapshotId: string; lastSession: string; kind: 'land' | 'roll-back'; by: string; commandId: string }

/** Points a dataset at another snapshot and adds the move to its history. The caller holds the lock of the dataset's row. */
export async function moveHead(tx: Executor, { lastSession, ...move }: Move): Promise<void> {
  await tx.update(dataset).set({ headSnapshotId: move.snapshotId, lastSession }).where(eq(dataset.name, move.dataset))
  await tx.insert(headMove).values({
    ...move,
    sequence: sql`(select coalesce(max(sequence), 0) + 1 from ${headMove} where dataset = ${move.dataset})`,
  })
}
