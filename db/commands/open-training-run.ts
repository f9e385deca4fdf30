import type { TrainModelInput } from '#contracts/training.ts'
import type { Executor } from '../client.ts'
import { trainingRun } from '../schema.ts'

/** The run's first row, insert-if-absent. */
export async function openTrainingRun(db: Executor, { runId, modelName, recipe, asOf, origin }: TrainModelInput): Promise<void> {
  await db
    .insert(trainingRun)
    .values({
      id: runId,
      modelName,
      recipe,
      state: 'running',
      asOf: asOf ?? null,
      requestedBy: origin.by,
      idempotencyKey: origin.idempotencyKey ?? null,
      bodySha256: origin.bodySha256,
    })
    .onConflictDoNothing()
}
