import { eq } from 'drizzle-orm'
import type { ChallengeLook, Retrain } from '#contracts/supervision.ts'
import type { Executor } from '../client.ts'
import { retrain } from '../schema.ts'

/** For the rest of the transaction nobody else judges this retrain. */
export async function lockRetrain(db: Executor, id: string): Promise<typeof retrain.$inferSelect | undefined> {
  const [row] = await db.select().from(retrain).where(eq(retrain.id, id)).for('update')
  return row
}

/** Under the lock of its row: the looks so far, and the verdict of the last one. */
export async function recordLooks(db: Executor, id: string, looks: ChallengeLook[], verdict: Retrain['verdict']): Promise<void> {
  await db.update(retrain).set({ looks, verdict }).where(eq(retrain.id, id))
}
