/**
 * The independent checker: what must hold in the database whatever was killed, in plain SQL. It shares no code with db/,
 * so that it cannot share a mistake with it. Each rule selects the rows that break it, as `subject` and `detail`.
 */
import pg from 'pg'

export type Violation = { rule: string; subject: string; detail: string }

type Rule = { name: string; sql: string; needsOpenWorkflows?: true }

const rules: Rule[] = [
  {
    name: 'one registration a run',
    sql: `select run_id::text as subject, count(*) || ' model versions' as detail from model_version group by run_id having count(*) > 1`,
  },
  {
    name: 'a model version comes from a run that names it',
    sql: `select v.name || '@' || v.version as subject, 'run ' || v.run_id || ' names ' || coalesce(r.model_name || '@' || r.model_version, 'nothing') as detail
      from model_version v left join training_run r on r.id = v.run_id
      where r.id is null or r.model_name <> v.name or r.model_version is distinct from v.version`,
  },
  {
    name: 'a run that was decided has a registered version',
    sql: `select r.id::text as subject, r.state as detail from training_run r
      where r.state in ('awaiting_approval', 'approved', 'rejected') and not exists (select from model_version v where v.run_id = r.id)`,
  },
  {
    name: 'one audit row for each command',
    sql: `select command_id::text as subject, count(*) || ' rows of ' || action || ' on ' || subject as detail
      from audit group by command_id, action, audit.subject having count(*) > 1`,
  },
  {
    name: 'a registration is audited once',
    sql: `select v.name || '@' || v.version as subject, count(a.id) || ' audit rows of its registration' as detail
      from model_version v left join audit a on a.action = 'register' and a.subject = 'model-version/' || v.name || '@' || v.version and a.command_id = v.run_id
      group by v.name, v.version having count(a.id) <> 1`,
  },
  {
    name: 'a decision moved its version out of testing once',
    sql: `select r.id::text as subject, r.state || ', with ' || count(a.id) || ' audit rows of the transition' as detail
      from training_run r left join audit a on a.action = 'transition' and a.detail->>'from' = 'testing' and a.detail->>'runId' = r.id::text
      where r.state in ('approved', 'rejected') group by r.id having count(a.id) <> 1`,
  },
  {
    name: 'an activation is audited once',
    sql: `select d.id::text as subject, d.state || ', with ' || count(a.id) || ' audit rows of its activation' as detail
      from deployment d left join audit a on a.action = 'activate' and a.command_id = d.id
      where d.state in ('active', 'superseded') group by d.id having count(a.id) <> 1`,
  },
  {
    name: 'at most one active deployment an endpoint',
    sql: `select endpoint as subject, count(*) || ' active deployments' as detail from deployment where state = 'active' group by endpoint having count(*) > 1`,
  },
  {
    name: 'an endpoint answers with its active deployment',
    sql: `select coalesce(e.name, d.endpoint) as subject, 'routes to ' || coalesce(e.active->>'deploymentId', 'nothing') || ', active is ' || coalesce(d.id::text, 'nothing') as detail
      from endpoint e full join (select id, endpoint from deployment where state = 'active') d on d.endpoint = e.name
      where (e.active is not null or d.id is not null) and (e.active->>'deploymentId') is distinct from d.id::text`,
  },
  {
    name: 'an endpoint answers with a version in production',
    sql: `select e.name as subject, (e.active#>>'{model,name}') || '@' || (e.active#>>'{model,version}') || ' is ' || coalesce(v.stage, 'not registered') as detail
      from endpoint e left join model_version v on v.name = e.active#>>'{model,name}' and v.version = (e.active#>>'{model,version}')::int
      where e.active is not null and v.stage is distinct from 'production'`,
  },
  {
    name: 'the version of a prediction exists, with the bytes that answered',
    sql: `select p.id::text as subject, p.model_name || '@' || p.model_version || case when v.name is null then ' is not registered' else ' has other bytes' end as detail
      from prediction p left join model_version v on v.name = p.model_name and v.version = p.model_version
      where v.name is null or v.onnx->>'sha256' <> p.onnx_sha256`,
  },
  {
    name: 'the deployment of a prediction exists, on its endpoint',
    sql: `select p.id::text as subject, 'deployment ' || p.deployment_id || ' of ' || p.endpoint as detail
      from prediction p left join deployment d on d.id = p.deployment_id and d.endpoint = p.endpoint where d.id is null`,
  },
  {
    name: 'checkpoints only go forward',
    sql: `select run_id::text as subject, 'block ' || block || ' is at ' || phase || ' ' || round || ', executed ' || executed || ', after ' || last_phase || ' ' || last_round || ', executed ' || last_executed as detail
      from (select *, lag(phase) over by_block as last_phase, lag(round) over by_block as last_round, lag(executed) over by_block as last_executed
        from training_checkpoint window by_block as (partition by run_id order by block)) c
      where executed < last_executed or (phase = last_phase and round < last_round) or (phase = 'search' and last_phase = 'refit')`,
  },
  {
    name: 'progress has no holes',
    sql: `select run_id::text as subject, count(*) || ' points from step ' || min(step) || ' to ' || max(step) as detail
      from training_progress group by run_id having count(*) <> max(step) - min(step) + 1 or min(step) > 1`,
  },
  {
    name: 'progress belongs to a run',
    // the fits of a calibration are runs without a row: their ids are version 8 UUIDs of recipe, build and fold
    sql: `with fold as (
        select encode(sha256(convert_to('calibration/' || c.recipe_hash || '/' || (b.manifest->>'sha256') || '/' || number, 'UTF8')), 'hex') as hash
        from calibration c, feature_build b, generate_series(0, 15) as number where b.manifest is not null),
      fold_id as (select (substr(hash, 1, 12) || '8' || substr(hash, 14, 3) || translate(substr(hash, 17, 1), '0123456789abcdef', '89ab89ab89ab89ab')
        || substr(hash, 18, 15))::uuid as id from fold)
      select distinct p.run_id::text as subject, 'no such run' as detail from training_progress p
      where not exists (select from training_run r where r.id = p.run_id) and not exists (select from fold_id f where f.id = p.run_id)`,
  },
  {
    name: 'a test segment is opened once a run',
    sql: `select r.id::text as subject, count(o.run_id) || ' openings' as detail from training_run r left join test_opening o on o.run_id = r.id
      where r.evaluation is not null group by r.id having count(o.run_id) <> 1`,
  },
  {
    name: 'a dataset ends where its head snapshot ends',
    sql: `select d.name as subject, 'head ' || d.head_snapshot_id || ' ends ' || coalesce(s.last_session::text, 'nowhere') || ', the dataset ' || coalesce(d.last_session::text, 'nowhere') as detail
      from dataset d left join snapshot s on s.dataset = d.name and s.id = d.head_snapshot_id
      where d.head_snapshot_id is not null and s.last_session is distinct from d.last_session`,
  },
  {
    name: 'the head of a dataset is where it moved last',
    sql: `select d.name as subject, 'head ' || coalesce(d.head_snapshot_id, 'nowhere') || ', moved last to ' || m.snapshot_id as detail
      from dataset d join (select distinct on (dataset) dataset, snapshot_id from head_move order by dataset, sequence desc) m on m.dataset = d.name
      where d.head_snapshot_id is distinct from m.snapshot_id`,
  },
  {
    name: 'a head moves step by step, each once',
    sql: `select dataset as subject, count(*) || ' moves, numbered to ' || max(sequence) as detail from head_move
      group by dataset having count(*) <> max(sequence) or min(sequence) <> 1`,
  },
  {
    name: 'what is needed is not collected',
    sql: `select s.dataset || '/' || s.id as subject, 'collected, and named by ' || n.what as detail from snapshot s join (
        select name as dataset, head_snapshot_id as id, 'a head' as what from dataset
        union all select dataset, snapshot_id, 'a tag' from snapshot_tag
        union all select dataset, snapshot_id, 'a build' from feature_build where state not in ('failed', 'stopped')
        union all select dataset, snapshot_id, 'a version' from model_version) n on n.dataset = s.dataset and n.id = s.id
      where s.collected_at is not null`,
  },
  {
    name: 'no batch of a build has stored more shards than it has',
    sql: `select build_id || '/' || batch as subject, done || ' of ' || shards as detail from feature_build_progress where done not between 0 and shards`,
  },
  {
    name: 'states of a slice are of symbols that it has, and as many as it says',
    sql: `select key as subject, octet_length(states) || ' bytes, of ' || (header -> 'symbols') as detail from (
        select key, ends, states, get_byte(states, 0) + get_byte(states, 1) * 256 + get_byte(states, 2) * 65536 as length,
          convert_from(substring(states from 5 for get_byte(states, 0) + get_byte(states, 1) * 256 + get_byte(states, 2) * 65536), 'UTF8')::jsonb as header
        from feature_shard_cache where states is not null) s
      where exists (select from jsonb_array_elements_text(header -> 'symbols') symbol where not ends ? symbol)
        or octet_length(states) <> 4 + length + 8 * (
          select sum((step ->> 1)::int) from jsonb_array_elements(header -> 'symbols') with ordinality symbol(name, at),
            jsonb_array_elements(header -> 'steps') with ordinality steps(step, place)
          where not header -> 'absent' @> to_jsonb((symbol.at - 1) * jsonb_array_length(header -> 'steps') + steps.place - 1))`,
  },
  {
    name: 'a feature row comes from a finished build',
    sql: `select f.dataset || '/' || f.symbol as subject, 'build ' || f.build_id || ' is ' || coalesce(b.state, 'unknown') as detail
      from feature_row f left join feature_build b on b.id = f.build_id where b.state is distinct from 'ready'`,
  },
  {
    name: 'nothing online is of a build of what was known earlier',
    sql: `select f.dataset || '/' || f.symbol as subject, 'build ' || f.build_id || ' is as of ' || b.as_of as detail
      from feature_row f join feature_build b on b.id = f.build_id where b.as_of is not null`,
  },
  {
    name: 'a run is fitted on a build of the time that it names',
    sql: `select r.id::text as subject, 'as of ' || coalesce(r.as_of::text, 'now') || ', its build ' || coalesce(b.as_of::text, 'now') as detail
      from training_run r join feature_build b on b.id = r.build_id where r.as_of is distinct from b.as_of`,
  },
  {
    name: 'a run is fitted on a build of the universe that its recipe names',
    sql: `select r.id::text as subject, coalesce(r.recipe->>'universe', 'all symbols') || ', its build ' || coalesce(b.feature_set->>'universe', 'all symbols') as detail
      from training_run r join feature_build b on b.id = r.build_id
      where r.recipe->>'universe' is distinct from b.feature_set->>'universe'`,
  },
  {
    name: 'a run has ended exactly when its state is final',
    sql: `select kind || '/' || id as subject, state || case when ended_at is null then ' without an end' else ' with an end' end as detail from (
        select 'sync' as kind, id::text, ended_at, state, state in ('landed', 'unchanged', 'rejected', 'failed', 'stopped') as final from sync_run
        union all select 'feature-build', id, ended_at, state, state in ('ready', 'failed', 'stopped') from feature_build
        union all select 'training-run', id::text, ended_at, state, state in ('approved', 'rejected', 'refused', 'failed', 'stopped') from training_run
        union all select 'calibration', recipe_hash, ended_at, state, state in ('ready', 'failed', 'stopped') from calibration
        union all select 'collection', id::text, ended_at, state, state in ('done', 'failed', 'stopped') from collection
        union all select 'supervision', endpoint, ended_at, state, state in ('failed', 'stopped') from supervision
        union all select 'retrain', id::text, ended_at, state, state in ('promoted', 'not-promoted', 'failed') from retrain
        -- an active one may still bake
        union all select 'deployment', id::text, ended_at, state, case state when 'active' then ended_at is not null
          else state in ('superseded', 'rolled_back', 'rejected', 'refused', 'failed', 'stopped') end from deployment
      ) runs where (ended_at is not null) <> final`,
  },
  {
    name: 'a run without an end has an open workflow',
    needsOpenWorkflows: true,
    sql: `select workflow as subject, 'the row says ' || state || ', no workflow is open' as detail from (
        select 'sync/' || dataset as workflow, state, ended_at from sync_run
        union all select 'features/' || definition_hash || '/' || snapshot_id, state, ended_at from feature_build
        union all select 'train/' || id, state, ended_at from training_run
        union all select 'deploy/' || endpoint || '/' || id, state, ended_at from deployment
        union all select 'calibrate/' || recipe_hash, state, ended_at from calibration
        union all select 'collect/garbage', state, ended_at from collection
        union all select 'supervise/' || endpoint, state, ended_at from supervision
      ) runs where ended_at is null and workflow <> all ($1::text[])`,
  },
  {
    name: 'an idempotency key started one thing',
    sql: `select kind || ' of ' || requested_by as subject, count(*) || ' started with key ' || idempotency_key as detail from (
        select 'sync' as kind, requested_by, idempotency_key from sync_run
        union all select 'training-run', requested_by, idempotency_key from training_run
        union all select 'deployment', requested_by, idempotency_key from deployment
      ) started where idempotency_key is not null group by kind, requested_by, idempotency_key having count(*) > 1`,
  },
  {
    name: 'one retrain in flight an endpoint',
    sql: `select endpoint as subject, count(*) || ' retrains in flight' as detail from retrain where ended_at is null group by endpoint having count(*) > 1`,
  },
  {
    name: 'an automatic retrain has its alert, and no other has the same',
    sql: `select r.id::text as subject, r.trigger || ' of ' || r.session || ', alert ' || coalesce(a.kind || ' of ' || a.session, 'none') as detail
      from retrain r left join alert a on a.id = r.alert_id and a.endpoint = r.endpoint and a.kind = r.trigger and a.session = r.session
      where r.trigger <> 'manual' and (a.id is null or (select count(*) from retrain twin where twin.alert_id = r.alert_id) > 1)`,
  },
  {
    name: 'a verdict is given once, and audited once',
    sql: `select r.id::text as subject, coalesce(r.verdict, 'no verdict') || ', with ' || count(a.id) || ' audit rows of it' as detail
      from retrain r left join audit a on a.action = 'verdict' and a.command_id = r.id
      group by r.id having count(a.id) <> case when r.verdict is null then 0 else 1 end`,
  },
  {
    name: 'a promotion follows a verdict and a switch, and is audited once',
    sql: `select r.id::text as subject, coalesce(r.verdict, 'no verdict') || ', deployment ' || coalesce(d.state, 'none') || ', ' || count(a.id) || ' audit rows' as detail
      from retrain r left join deployment d on d.id = r.deployment_id and d.endpoint = r.endpoint
        and d.model_name = r.challenger_name and d.model_version = r.challenger_version and d.state in ('active', 'superseded', 'rolled_back')
      left join audit a on a.action = 'promote' and a.command_id = r.id
      where r.state = 'promoted' group by r.id, d.state having r.verdict is distinct from 'better' or d.state is null or count(a.id) <> 1`,
  },
  {
    name: 'no session is processed that has not landed',
    // a roll-back withdraws sessions that were processed
    sql: `select s.endpoint as subject, 'processed through ' || s.processed_through || ', ' || s.dataset || ' has landed through ' || coalesce(d.last::text, 'nothing') as detail
      from supervision s left join (
        select d.name, greatest(d.last_session, max(h.last_session)) as last from dataset d
        left join head_move m on m.dataset = d.name left join snapshot h on h.dataset = m.dataset and h.id = m.snapshot_id
        group by d.name, d.last_session) d on d.name = s.dataset
      where s.processed_through > d.last or d.last is null`,
  },
  {
    name: 'a matured session is scored once for each forecaster',
    // while a session waits to be processed, its scores may be missing
    sql: `select f.endpoint || '/' || f.forecaster as subject, f.session || ': ' || f.rows || ' labels of revisions ' || f.revisions || ', scored ' ||
        coalesce(s.rows || ' of ' || s.label_revisions, 'never') as detail
      from (select f.endpoint, f.forecaster, f.session, count(l.symbol) as rows, sum(l.revision) as revisions, count(*) as said
        from forecast f join supervision v on v.endpoint = f.endpoint join dataset d on d.name = v.dataset and d.last_session = v.processed_through
        left join realized_label l on l.dataset = v.dataset and l.symbol = f.symbol and l.session = f.session
        group by f.endpoint, f.forecaster, f.session) f
      left join session_score s on s.endpoint = f.endpoint and s.forecaster = f.forecaster and s.session = f.session
      where f.rows = f.said and (s.rows is distinct from f.rows or s.label_revisions is distinct from f.revisions)`,
  },
  {
    name: 'a live prediction is scored once its label is known',
    // those that were shipped before the head landed, once its sessions are processed
    sql: `select p.id::text as subject, 'label of ' || l.session || ' revision ' || l.revision || ', scored ' || coalesce('by revision ' || s.label_revision || ' as ' || s.squared_error, 'never') as detail
      from prediction p join supervision v on v.endpoint = p.endpoint join dataset d on d.name = v.dataset and d.last_session = v.processed_through
      join snapshot h on h.dataset = d.name and h.id = d.head_snapshot_id and h.created_at > p.shipped_at
      join realized_label l on l.dataset = v.dataset and l.symbol = p.input->>'symbol' and l.session = (p.input->>'session')::date
      left join prediction_score s on s.prediction_id = p.id
      where p.input->>'kind' = 'feature-row'
        and (s.prediction_id is null or s.label_revision <> l.revision or abs(s.squared_error - (p.value - l.value) ^ 2) > 1e-9)`,
  },
  {
    name: 'a decay monitor has looked at every scored session, once',
    sql: `select m.id::text as subject, count(s.session) || ' scored sessions after ' || m.after || ' through ' || p.through || ', ' || p.points || ' points' as detail
      from monitor m join (select monitor_id, count(*) as points, max(session) as through from monitor_point group by monitor_id) p on p.monitor_id = m.id
      left join session_score s on s.endpoint = m.endpoint and s.forecaster = m.model_name || '@' || m.model_version and s.session > m.after and s.session <= p.through
      where m.kind = 'decay' group by m.id, p.through, p.points having count(s.session) <> p.points`,
  },
  {
    name: 'what was looked into is there, or was',
    sql: `select i.kind || ' ' || i.id as subject, 'names ' || said.id as detail
      from inspection i cross join lateral jsonb_array_elements_text(i.snapshot_ids) as said(id)
      where i.state = 'done' and not exists (select from snapshot s where s.id = said.id and s.dataset = coalesce(i.dataset, s.dataset))`,
  },
  {
    name: 'what was looked into has a result, or failed, or was stopped',
    sql: `select kind || ' ' || id as subject, state || ' with result ' || coalesce(result::text, 'none') || ' and failure ' || coalesce(failure::text, 'none') as detail
      from inspection where (state = 'done') <> (result is not null) or (state = 'failed') <> (failure is not null)`,
  },
  {
    name: 'an alarm of a monitor is an alert',
    sql: `select m.id::text as subject, p.session || ' fired, and raised nothing' as detail from monitor_point p join monitor m on m.id = p.monitor_id
      -- decay is told when the loss is known, data drift once for as long as it lasts
      where p.fired and not exists (select from alert a where a.endpoint = m.endpoint and a.kind = m.kind
        and case m.kind when 'data-drift' then a.monitor_id = m.id and a.session <= p.session else a.session >= p.session end)`,
  },
]

export const ruleNames = rules.map(({ name }) => name)

/**
 * Every broken rule, an empty list when all hold. `openWorkflows` are the ids of the workflows that Temporal runs now.
 * All rules read the same instant of the database.
 */
export async function checkInvariants(databaseUrl: string, openWorkflows: string[]): Promise<Violation[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('begin transaction isolation level repeatable read read only')
    return await violationsIn(client, openWorkflows)
  } finally {
    await client.end()
  }
}

/** The same within a transaction that the caller has begun. */
export async function violationsIn(client: pg.ClientBase, openWorkflows: string[]): Promise<Violation[]> {
  const violations: Violation[] = []
  for (const { name, sql, needsOpenWorkflows } of rules) {
    const { rows } = await client.query<Omit<Violation, 'rule'>>(sql, needsOpenWorkflows ? [openWorkflows] : [])
    violations.push(...rows.map((row) => ({ rule: name, ...row })))
  }
  return violations
}
