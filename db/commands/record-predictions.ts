import type { PredictionRecord } from '#contracts/predictions.ts'
import type { Database } from '../client.ts'
import { prediction } from '../schema.ts'

/** Thirteen parameters a row, and PostgreSQL takes 65,535 in one statement. */
const rowsAStatement = 2_000

/** Insert-if-absent under the ids that serving gave, so that a batch may be shipped again. */
export async function recordPredictions(db: Database, records: PredictionRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += rowsAStatement) {
    const rows = records
      .slice(from, from + rowsAStatement)
      .map(({ model, ...record }) => ({ ...record, modelName: model.name, modelVersion: model.version }))
    await db.insert(prediction).values(rows).onConflictDoNothing({ target: prediction.id })
  }
}
