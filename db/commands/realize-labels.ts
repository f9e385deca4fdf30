import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

export type LabelOf = { dataset: string; expression: string; snapshotId: string }
export type LabelValue = { symbol: string; session: string; value: number }

/**
 * So many labels at once are a dataset's history. PostgreSQL has not counted them yet, and would join with them as if
 * there were none: seconds for each statement, until it looks by itself a minute later.
 */
const history = 1_000

const asRecords = (labels: readonly LabelValue[]) =>
  sql`json_to_recordset(${JSON.stringify(labels)}::json) as label (symbol text, session date, value float8)`

/** Insert-if-absent: what became known first stays until its bars are restated. In the order of the key, so that two writers never wait for each other in a circle. */
export async function realizeLabels(
  db: Executor,
  { dataset, expression, snapshotId }: LabelOf,
  labels: readonly LabelValue[],
): Promise<void> {
  if (labels.length === 0) return
  await db.execute(sql`
    insert into realized_label (dataset, expression, symbol, session, value, snapshot_id)
    select ${dataset}, ${expression}, symbol, session, value, ${snapshotId} from ${asRecords(labels)} order by symbol, session
    on conflict do nothing`)
  if (labels.length >= history) await db.execute(sql`analyze realized_label`)
}

/** Labels whose bars were restated: those with another value than before get the next revision, and the others nothing. */
export async function restateLabels(
  db: Executor,
  { dataset, expression, snapshotId }: LabelOf,
  labels: readonly LabelValue[],
): Promise<void> {
  if (labels.length === 0) return
  await db.execute(sql`
    update realized_label known set value = label.value, revision = known.revision + 1, snapshot_id = ${snapshotId}
    from ${asRecords(labels)}
    where known.dataset = ${dataset} and known.expression = ${expression} and known.symbol = label.symbol and known.session = label.session
      and known.value is distinct from label.value`)
}
