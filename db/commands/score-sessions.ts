import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

export type ScoredRange = { endpoint: string; dataset: string; expression: string; after: string; through: string }

/** Means in the order of the symbols: sums of the same numbers in another order may differ in the last bit. */
const errors = ({ endpoint, dataset, expression, after, through }: ScoredRange) => sql`
  select said.endpoint, said.forecaster, said.session,
    avg((said.value - label.value) ^ 2 order by said.symbol) as loss,
    avg(said.value - label.value order by said.symbol) as bias,
    count(*)::int as rows, sum(label.revision)::int as label_revisions
  from forecast said
  join realized_label label on label.dataset = ${dataset} and label.expression = ${expression}
    and label.symbol = said.symbol and label.session = said.session
  where said.endpoint = ${endpoint} and said.session > ${after} and said.session <= ${through}`

/** The session scores that are not there yet, of forecasts after one session and up to another whose labels are known. */
export async function scoreSessions(db: Executor, range: ScoredRange): Promise<void> {
  await db.execute(sql`
    insert into session_score (endpoint, forecaster, session, loss, bias, rows, label_revisions)
    ${errors(range)} and not exists (
      select 1 from session_score known
      where known.endpoint = said.endpoint and known.forecaster = said.forecaster and known.session = said.session)
    group by said.endpoint, said.forecaster, said.session
    on conflict do nothing`)
}

/** Session scores whose labels were restated, or became known later for some of the symbols, computed anew. */
export async function rescoreSessions(db: Executor, range: ScoredRange): Promise<void> {
  await db.execute(sql`
    update session_score known
    set loss = now_is.loss, bias = now_is.bias, rows = now_is.rows, label_revisions = now_is.label_revisions, scored_at = now()
    from (${errors(range)} group by said.endpoint, said.forecaster, said.session) now_is
    where known.endpoint = now_is.endpoint and known.forecaster = now_is.forecaster and known.session = now_is.session
      and (known.rows, known.label_revisions) is distinct from (now_is.rows, now_is.label_revisions)`)
}
