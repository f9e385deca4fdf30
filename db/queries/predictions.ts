import { and, desc, eq, lt, or } from 'drizzle-orm'
import type { PredictionRecord } from '#contracts/predictions.ts'
import type { Executor } from '../client.ts'
import { prediction } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso } from './timestamps.ts'

type Filter = { limit: number; after?: string | undefined; endpoint?: string | undefined }

/** Newest first. What serving answered and has not shipped yet is not there. */
export async function listPredictions(db: Executor, { limit, after, endpoint }: Filter) {
  const [predictedAt, id] = after === undefined ? [] : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(prediction)
    .where(
      and(
        endpoint === undefined ? undefined : eq(prediction.endpoint, endpoint),
        predictedAt === undefined || id === undefined
          ? undefined
          : or(lt(prediction.predictedAt, predictedAt), and(eq(prediction.predictedAt, predictedAt), lt(prediction.id, id))),
      ),
    )
    .orderBy(desc(prediction.predictedAt), desc(prediction.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.predictedAt, row.id], recordOf)
}

export async function findPrediction(db: Executor, id: string): Promise<PredictionRecord | undefined> {
  const [row] = await db.select().from(prediction).where(eq(prediction.id, id))
  return row && recordOf(row)
}

const recordOf = (row: typeof prediction.$inferSelect): PredictionRecord => ({
  id: row.id,
  endpoint: row.endpoint,
  deploymentId: row.deploymentId,
  revision: row.revision,
  model: { name: row.modelName, version: row.modelVersion },
  onnxSha256: row.onnxSha256,
  input: row.input,
  value: row.value,
  unitId: row.unitId,
  stale: row.stale,
  replicaId: row.replicaId,
  predictedAt: iso(row.predictedAt),
})
