import { and, eq, isNull } from 'drizzle-orm'
import type { FitResult } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { trainingRun } from '../schema.ts'

/** What an open run has come to know about itself. The same facts again change nothing. */
export async function recordTrainingFacts(db: Executor, runId: string, facts: { buildId: string } | { fit: FitResult }): Promise<void> {
  await db
    .update(trainingRun)
    .set(facts)
    .where(and(eq(trainingRun.id, runId), isNull(trainingRun.endedAt)))
}
