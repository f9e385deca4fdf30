import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../client.ts'
import { supervision } from '../schema.ts'

/** Every session up to here is done: forwards only. @throws QuantloopError conflict when somebody was further already */
export async function advanceSupervision(db: Executor, endpoint: string, session: string): Promise<void> {
  const moved = await db
    .update(supervision)
    .set({ processedThrough: session })
    .where(and(eq(supervision.endpoint, endpoint), or(isNull(supervision.processedThrough), lt(supervision.processedThrough, session))))
    .returning({ endpoint: supervision.endpoint })
  if (moved.length === 0) throw new QuantloopError('conflict', `the sessions of ${endpoint} were processed beyond ${session} meanwhile`)
}

/** The labels of this snapshot's bars are in. */
export async function rememberScoredSnapshot(db: Executor, endpoint: string, snapshotId: string): Promise<void> {
  await db.update(supervision).set({ snapshotId }).where(eq(supervision.endpoint, endpoint))
}
