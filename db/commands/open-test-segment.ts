import { count, eq } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { testOpening } from '../schema.ts'

/** Counts an opening of the run's test segment, before anything of it is read. Answers how many there were so far. */
export async function openTestSegment(db: Executor, opening: { runId: string; purpose: string; buildId: string }): Promise<number> {
  await db.insert(testOpening).values(opening).onConflictDoNothing()
  const [row] = await db.select({ openings: count() }).from(testOpening).where(eq(testOpening.runId, opening.runId))
  return row?.openings ?? 0
}
