/**
 * What keeps objects from being collected, as the rows say. A key counts as named wherever its text stands in a row, in
 * whichever column and table: a table that comes later is asked without being listed here. Those listed are the exceptions,
 * whose rows remember an object and do not need it any more.
 */
import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'

/** `t` is the row. What is not listed always counts. */
const countsWhen: Record<string, string> = {
  // history tells what was, and needs none of it
  audit: 'false',
  // its plan names all that may go
  collection: 'false',
  // a shard that only the cache remembers can be computed again; an open build may be about to name it
  feature_shard_cache: 'exists (select from feature_build b where b.ended_at is null)',
  snapshot: `t.collected_at is null and not (t.dataset || '/' || t.id) = any ($1::text[])`,
  sync_run: `t.ended_at is null or exists (select from snapshot s
    where s.sync_id = t.id and s.collected_at is null and not (s.dataset || '/' || s.id) = any ($1::text[]))`,
  // a sync that goes on reads its pages again, and a snapshot's lineage names them
  fetched_page: `exists (select from sync_run r where r.id = t.sync_id and r.ended_at is null) or exists (select from snapshot s
    where s.sync_id = t.sync_id and s.collected_at is null and not (s.dataset || '/' || s.id) = any ($1::text[]))`,
  snapshot_quality: `exists (select from snapshot s where s.dataset = t.dataset and s.id = t.snapshot_id
    and s.collected_at is null and not (s.dataset || '/' || s.id) = any ($1::text[]))`,
  // what two snapshots say differently stays as long as both; an export is their bars once more, and a fault found is history
  inspection: `t.kind = 'comparison' and not exists (select from jsonb_array_elements_text(t.snapshot_ids) as said(id)
    where not exists (select from snapshot s where s.dataset = t.dataset and s.id = said.id and s.collected_at is null
      and not (s.dataset || '/' || s.id) = any ($1::text[])))`,
  // the same fit again would store the same bytes: while any fit is open, all of them stay
  training_checkpoint:
    'exists (select from training_run r where r.ended_at is null) or exists (select from calibration c where c.ended_at is null)',
}

/** Tables whose `snapshot_id` only remembers a snapshot, or does so in some rows. */
const needsSnapshotWhen: Record<string, string> = {
  head_move: 'false',
  snapshot_quality: 'false',
  sync_run: 'false',
  feature_build: `t.state not in ('failed', 'stopped')`,
}

const keyPattern = '(objects/[0-9a-f]{2}/[0-9a-f]{64}\\.[a-z]+|uploads/[0-9A-Za-z-]+)'

export type UnneededSnapshot = { dataset: string; id: string; lastHeadAt: string }

/** Keys that rows name. `without` are snapshots that are taken as collected already. */
export async function readNamedKeys(db: Executor, without: readonly Pick<UnneededSnapshot, 'dataset' | 'id'>[] = []): Promise<Set<string>> {
  const tables = await tablesOf(
    db,
    sql`select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  )
  const named = new Set<string>()
  for (const table of tables) {
    const condition = countsWhen[table] ?? 'true'
    if (condition === 'false') continue
    const { rows } = await db.execute<{ key: string }>(sql`
      select distinct named.parts[1] as key from ${sql.identifier(table)} t
      cross join lateral regexp_matches(t::text, ${keyPattern}, 'g') as named(parts)
      where (t::text like '%objects/%' or t::text like '%uploads/%') and (${conditionOf(condition, without)})`)
    for (const { key } of rows) named.add(key)
  }
  return named
}

const conditionOf = (condition: string, without: readonly Pick<UnneededSnapshot, 'dataset' | 'id'>[]) => {
  const [before, after] = condition.split('$1')
  if (after === undefined) return sql.raw(condition)
  return sql`${sql.raw(before!)}${sql.param(without.map(({ dataset, id }) => `${dataset}/${id}`))}${sql.raw(after)}`
}

/**
 * Snapshots that no head, tag or row needs, and that were last a head before `since`: their content may go. Ascending by
 * the time at which another one became head.
 */
export async function listUnneededSnapshots(db: Executor, since: string): Promise<UnneededSnapshot[]> {
  const tables = await tablesOf(
    db,
    sql`select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'snapshot_id'`,
  )
  const needed = tables
    .filter((table) => needsSnapshotWhen[table] !== 'false')
    .map((table) => sql`select t.snapshot_id from ${sql.identifier(table)} t where ${sql.raw(needsSnapshotWhen[table] ?? 'true')}`)
  const { rows } = await db.execute<UnneededSnapshot>(sql`
    with needed as (${sql.join(needed, sql` union `)}),
      spell as (
        select dataset, snapshot_id, lead(at) over (partition by dataset order by sequence) as ended from head_move)
    select * from (
      select s.dataset, s.id, to_char(coalesce((select max(ended) from spell h where h.dataset = s.dataset and h.snapshot_id = s.id), s.created_at)
        at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "lastHeadAt"
      from snapshot s
      where s.collected_at is null
        and not exists (select from dataset d where d.name = s.dataset and d.head_snapshot_id = s.id)
        and not exists (select from needed n where n.snapshot_id = s.id)) unneeded
    where "lastHeadAt"::timestamptz < ${since}::timestamptz
    order by "lastHeadAt", dataset, id`)
  return rows
}

/** When the oldest work began that may store objects and has not named them in a row yet. */
export async function oldestOpenWork(db: Executor): Promise<string | undefined> {
  const { rows } = await db.execute<{ since: Date | string | null }>(sql`
    select min(started_at) as since from (
      select started_at from sync_run where ended_at is null
      union all select started_at from feature_build where ended_at is null
      union all select started_at from training_run where ended_at is null
      union all select started_at from calibration where ended_at is null) open`)
  const since = rows[0]?.since
  return since == null ? undefined : new Date(since).toISOString()
}

export type Remembered = { checkpoints: string[]; cached: string[] }

/** Keys that are remembered and not needed, to tell why an object may go. */
export async function readRememberedKeys(db: Executor): Promise<Remembered> {
  const { rows: checkpoints } = await db.execute<{ uri: string }>(sql`select distinct object ->> 'uri' as uri from training_checkpoint`)
  const { rows: cached } = await db.execute<{ uri: string }>(sql`select distinct shard #>> '{object,uri}' as uri from feature_shard_cache`)
  return { checkpoints: checkpoints.map(({ uri }) => uri), cached: cached.map(({ uri }) => uri) }
}

async function tablesOf(db: Executor, query: ReturnType<typeof sql>): Promise<string[]> {
  const { rows } = await db.execute<{ name: string }>(query)
  return rows.map(({ name }) => name)
}
