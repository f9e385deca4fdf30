import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

/**
 * Scores every live prediction of an endpoint whose label is known and which has no score under this revision of it, in
 * one statement. Predictions that were shipped late, or for an old session, find theirs as well; raw tensors have none.
 * Answers how many it scored.
 */
export async function scorePredictions(db: Executor, of: { endpoint: string; dataset: string; expression: string }): Promise<number> {
  const { rowCount } = await db.execute(sql`
    insert into prediction_score (prediction_id, label, squared_error, label_revision, snapshot_id)
    select live.id, label.value, (live.value - label.value) ^ 2, label.revision, label.snapshot_id
    from prediction live
    join realized_label label on label.dataset = ${of.dataset} and label.expression = ${of.expression}
      and label.symbol = live.input ->> 'symbol' and label.session = (live.input ->> 'session')::date
    left join prediction_score scored on scored.prediction_id = live.id
    where live.endpoint = ${of.endpoint} and live.input ->> 'kind' = 'feature-row'
      and (scored.prediction_id is null or scored.label_revision < label.revision)
    on conflict (prediction_id) do update
    set label = excluded.label, squared_error = excluded.squared_error, label_revision = excluded.label_revision,
      snapshot_id = excluded.snapshot_id, scored_at = now()
    where prediction_score.label_revision < excluded.label_revision`)
  return rowCount ?? 0
}
