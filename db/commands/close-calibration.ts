import { and, eq, isNull, sql } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { calibration } from '../schema.ts'

export type CalibrationEnd = { recipeHash: string } & (
  | { state: 'ready'; walkForward: ObjectRef }
  | { state: 'failed' | 'stopped'; reason: string }
)

/** Ends a calibration. One that has ended stays as it is. */
export async function closeCalibration(db: Executor, end: CalibrationEnd): Promise<void> {
  const outcome = end.state === 'ready' ? { state: end.state, walkForward: end.walkForward } : { state: end.state, failure: end.reason }
  await db
    .update(calibration)
    .set({ ...outcome, pausedBy: null, endedAt: sql`now()` })
    .where(and(eq(calibration.recipeHash, end.recipeHash), isNull(calibration.endedAt)))
}
