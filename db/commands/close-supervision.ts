import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database } from '../client.ts'
import { supervision } from '../schema.ts'

export type SupervisionEnd = { endpoint: string; state: 'stopped' | 'failed'; reason: string }

/** Ends the supervisor's row. One that has ended stays as it is. */
export async function closeSupervision(db: Database, { endpoint, state, reason }: SupervisionEnd): Promise<void> {
  await db
    .update(supervision)
    .set({ state, failure: reason, pausedBy: null, endedAt: sql`now()` })
    .where(and(eq(supervision.endpoint, endpoint), isNull(supervision.endedAt)))
}
