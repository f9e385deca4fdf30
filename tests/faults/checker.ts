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
    sql: `select distinct p.run_id::text as subject, 'no such run' as detail from training_progress p left join training_run r on r.id = p.run_id where r.id is null`,
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
    name: 'a feature row comes from a finished build',
    sql: `select f.dataset || '/' || f.symbol as subject, 'build ' || f.build_id || ' is ' || coalesce(b.state, 'unknown') as detail
      from feature_row f left join feature_build b on b.id = f.build_id where b.state is distinct from 'ready'`,
  },
  {
    name: 'a run has ended exactly when its state is final',
    sql: `select kind || '/' || id as subject, state || case when ended_at is null then ' without an end' else ' with an end' end as detail from (
        select 'sync' as kind, id::text, ended_at, state, state in ('landed', 'unchanged', 'rejected', 'failed', 'stopped') as final from sync_run
        union all select 'feature-build', id, ended_at, state, state in ('ready', 'failed', 'stopped') from feature_build
        union all select 'training-run', id::text, ended_at, state, state in ('approved', 'rejected', 'refused', 'failed', 'stopped') from training_run
        union all select 'deployment', id::text, ended_at, state, state in ('active', 'superseded', 'refused', 'failed', 'stopped') from deployment
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
