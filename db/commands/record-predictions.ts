import { sql } from 'drizzle-orm'
import type { PredictionRecord } from '#contracts/predictions.ts'
import type { Database } from '../client.ts'

const rowsAStatement = 2_000

/**
 * Insert-if-absent under the ids that serving gave, so that a batch may be shipped again. The rows go as one JSON
 * parameter: building a parameter for each value would keep the serving process from answering meanwhile.
 */
export async function recordPredictions(db: Database, records: PredictionRecord[]): Promise<void> {
  for (let from = 0; from < records.length; from += rowsAStatement) {
    const rows = JSON.stringify(records.slice(from, from + rowsAStatement))
    await db.execute(sql`
      insert into prediction (id, endpoint, deployment_id, revision, model_name, model_version, onnx_sha256, input, value, unit_id, stale, replica_id, predicted_at)
      select id, endpoint, "deploymentId", revision, model ->> 'name', (model ->> 'version')::int, "onnxSha256", input, value, "unitId", stale, "replicaId", "predictedAt"
      from json_to_recordset(${rows}::json) as record (
        id uuid, endpoint text, "deploymentId" uuid, revision int, model json, "onnxSha256" text, input jsonb, value float8,
        "unitId" text, stale boolean, "replicaId" text, "predictedAt" timestamptz)
      on conflict (id) do nothing`)
  }
}
