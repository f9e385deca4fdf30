import { and, eq, inArray, sql } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { CalibrateInput } from '#contracts/supervision.ts'
import type { Database } from '../client.ts'
import { calibration } from '../schema.ts'

/**
 * The calibration's row: inserted when absent, and opened again when an earlier attempt failed or was stopped. Answers
 * the walk-forward when there is nothing left to do.
 */
export async function openCalibration(db: Database, { recipeHash, model, origin }: CalibrateInput): Promise<ObjectRef | null> {
  const request = {
    modelName: model.name,
    modelVersion: model.version,
    requestedBy: origin.by,
    idempotencyKey: origin.idempotencyKey ?? null,
    bodySha256: origin.bodySha256,
  }
  return await db.transaction(async (tx) => {
    await tx
      .insert(calibration)
      .values({ recipeHash, state: 'running', ...request })
      .onConflictDoNothing()
    const reopened = { state: 'running' as const, step: '', journalSequence: 0, pausedBy: null, pausedMs: 0, failure: null, endedAt: null }
    await tx
      .update(calibration)
      .set({ ...reopened, ...request, startedAt: sql`now()` })
      .where(and(eq(calibration.recipeHash, recipeHash), inArray(calibration.state, ['failed', 'stopped'])))
    const [row] = await tx.select().from(calibration).where(eq(calibration.recipeHash, recipeHash))
    return row?.walkForward ?? null
  })
}
