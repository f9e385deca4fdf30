/** The checker can fail: each of its rules is broken on purpose in an otherwise healthy database. */
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { derivedId } from '#contracts/derived-id.ts'
import { encodeStates } from '#domain/features/slice-states.ts'
import { testDatabase } from '#tests/support/services.ts'
import { checkInvariants, ruleNames, violationsIn } from './checker.ts'

const run = '11111111-1111-4111-8111-111111111111'
const sync = '22222222-2222-4222-8222-222222222222'
const deployment = '33333333-3333-4333-8333-333333333333'
const prediction = '44444444-4444-4444-8444-444444444444'
const command = '55555555-5555-4555-8555-555555555555'
const other = '66666666-6666-4666-8666-666666666666'
const retrain = '77777777-7777-4777-8777-777777777777'
const alert = '88888888-8888-4888-8888-888888888888'
const monitor = '99999999-9999-4999-8999-999999999999'
const challengerRun = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'
const hash = (letter: string) => letter.repeat(64)
const object = (letter: string) => `{"uri":"objects/${letter}${letter}/${hash(letter)}.bin","sha256":"${hash(letter)}","bytes":1}`
const route = (id: string, version: number) => `{"deploymentId":"${id}","model":{"name":"range","version":${version}}}`

/** Of two steps, one of which has a state for one symbol alone. */
const states = Buffer.from(
  encodeStates(
    new Map([
      [
        'AAPL',
        new Map([
          ['EMA', Float64Array.of(1, 2, 3)],
          ['OBV', Float64Array.of(4)],
        ]),
      ],
      ['MSFT', new Map([['EMA', Float64Array.of(5, 6, 7)]])],
    ]),
  )!,
).toString('hex')

/** One of everything, from bars to a prediction. */
const healthy = `
  insert into dataset (name, connector, head_snapshot_id, last_session) values ('us-daily', '{}', '${hash('a')}', '2008-05-30');
  insert into snapshot (dataset, id, sync_id, manifest, rows, symbols, actions, first_session, last_session, known_at_basis)
    values ('us-daily', '${hash('a')}', '${sync}', '${object('a')}', 10, 1, 0, '2008-05-01', '2008-05-30', 'assumed');
  insert into head_move (dataset, sequence, snapshot_id, kind, by, command_id) values ('us-daily', 1, '${hash('a')}', 'land', 'ann', '${sync}');
  insert into sync_run (id, dataset, connector, state, snapshot_id, requested_by, idempotency_key, body_sha256, ended_at)
    values ('${sync}', 'us-daily', '{}', 'landed', '${hash('a')}', 'ann', 'one', '${hash('0')}', now());
  insert into inspection (kind, id, dataset, snapshot_ids, state, result, requested_by, started_at)
    values ('export', '${command}', 'us-daily', '["${hash('a')}"]', 'done', '{"object":${object('7')}}', 'ann', now());
  insert into feature_build (id, definition_hash, snapshot_id, dataset, feature_set, label, state, manifest, requested_by, body_sha256, ended_at)
    values ('${hash('b')}', '${hash('c')}', '${hash('a')}', 'us-daily', '{}', '{}', 'ready', '${object('b')}', 'ann', '${hash('0')}', now());
  insert into feature_column_list (hash, columns) values ('${hash('c')}', '[]');
  insert into feature_shard_cache (key, columns, shard, sessions, ahead, ends, non_finite, states)
    values ('${hash('a')}', '${hash('c')}', '{}', '\\x01', '{}', '{"AAPL": {}, "MSFT": {}}', '{}', '\\x${states}');
  insert into feature_row (dataset, feature_hash, symbol, session, build_id, values, sha256)
    values ('us-daily', '${hash('d')}', 'AAPL', '2008-05-30', '${hash('b')}', '\\x00', '${hash('e')}');
  insert into training_run (id, model_name, model_version, recipe, state, evaluation, requested_by, idempotency_key, body_sha256, ended_at)
    values ('${run}', 'range', 1, '{}', 'approved', '{}', 'ann', 'one', '${hash('0')}', now());
  insert into test_opening (run_id, purpose, build_id) values ('${run}', 'gate', '${hash('b')}');
  insert into training_progress (run_id, step, phase, round, total_rounds, metrics)
    values ('${run}', 0, 'search', 0, 2, '{}'), ('${run}', 1, 'search', 1, 2, '{}'), ('${run}', 2, 'refit', 1, 1, '{}');
  insert into training_checkpoint (run_id, block, phase, round, executed, object)
    values ('${run}', 0, 'search', 50, 50, '${object('1')}'), ('${run}', 1, 'search', 100, 100, '${object('2')}'), ('${run}', 2, 'refit', 50, 150, '${object('3')}');
  insert into model (name) values ('range');
  insert into model_version (name, version, stage, run_id, onnx, sidecar, feature_hash, snapshot_id, build_id, dataset)
    values ('range', 1, 'production', '${run}', '${object('f')}', '${object('9')}', '${hash('d')}', '${hash('a')}', '${hash('b')}', 'us-daily');
  insert into audit (by, action, subject, command_id, detail) values
    ('ann', 'register', 'model-version/range@1', '${run}', '{}'),
    ('bob', 'transition', 'model-version/range@1', '${command}', '{"from":"testing","to":"staging","runId":"${run}"}'),
    ('ann', 'activate', 'endpoint/tomorrow', '${deployment}', '{}');
  insert into deployment (id, endpoint, model_name, model_version, plan, state, revision, requested_by, idempotency_key, body_sha256, ended_at)
    values ('${deployment}', 'tomorrow', 'range', 1, '{}', 'active', 1, 'ann', 'one', '${hash('0')}', now());
  insert into endpoint (name, active_revision, active) values ('tomorrow', 1, '${route(deployment, 1)}');
  insert into prediction (id, endpoint, deployment_id, revision, model_name, model_version, onnx_sha256, input, value, stale, replica_id, predicted_at, shipped_at)
    values ('${prediction}', 'tomorrow', '${deployment}', 1, 'range', 1, '${hash('f')}', '{"kind":"feature-row","symbol":"AAPL","session":"2008-05-29"}', 0.5,
      false, 'r1', now() - interval '1 hour', now() - interval '1 hour');
  insert into supervision (endpoint, dataset, label, policy, state, champion_name, champion_version, champion_after, processed_through, requested_by, body_sha256, ended_at)
    values ('tomorrow', 'us-daily', '{}', '{}', 'stopped', 'range', 1, '2008-05-27', '2008-05-30', 'ann', '${hash('0')}', now());
  insert into calibration (recipe_hash, model_name, model_version, state, requested_by, body_sha256, ended_at)
    values ('${hash('5')}', 'range', 1, 'ready', 'ann', '${hash('0')}', now());
  insert into realized_label (dataset, expression, symbol, session, value, snapshot_id)
    values ('us-daily', 'label', 'AAPL', '2008-05-28', 0.25, '${hash('a')}'), ('us-daily', 'label', 'AAPL', '2008-05-29', 0.25, '${hash('a')}');
  insert into prediction_score (prediction_id, label, squared_error, label_revision, snapshot_id) values ('${prediction}', 0.25, 0.0625, 1, '${hash('a')}');
  insert into forecast (endpoint, forecaster, symbol, session, value, build_id) values
    ('tomorrow', 'range@1', 'AAPL', '2008-05-28', 0.5, '${hash('b')}'), ('tomorrow', 'range@1', 'AAPL', '2008-05-29', 0.5, '${hash('b')}'),
    ('tomorrow', 'range@1', 'AAPL', '2008-05-30', 0.5, '${hash('b')}');
  insert into session_score (endpoint, forecaster, session, loss, bias, rows, label_revisions) values
    ('tomorrow', 'range@1', '2008-05-28', 0.0625, 0.25, 1, 1), ('tomorrow', 'range@1', '2008-05-29', 0.0625, 0.25, 1, 1);
  insert into monitor (id, endpoint, kind, model_name, model_version, after, threshold, calibration)
    values ('${monitor}', 'tomorrow', 'decay', 'range', 1, '2008-05-27', 3, '{}');
  insert into monitor_point (monitor_id, session, statistic, fired) values ('${monitor}', '2008-05-28', 3.5, true), ('${monitor}', '2008-05-29', 0.1, false);
  insert into alert (id, endpoint, kind, severity, session, monitor_id, summary, evidence)
    values ('${alert}', 'tomorrow', 'decay', 'warning', '2008-05-29', '${monitor}', 'it has risen', '{}');
  insert into retrain (id, endpoint, trigger, alert_id, session, run_id, state, champion_name, champion_version, challenger_name, challenger_version, verdict,
      deployment_id, requested_by, ended_at)
    values ('${retrain}', 'tomorrow', 'decay', '${alert}', '2008-05-29', '${challengerRun}', 'promoted', 'range', 1, 'range', 1, 'better', '${deployment}',
      'policy:tomorrow', now());
  insert into audit (by, action, subject, command_id) values
    ('policy:tomorrow', 'verdict', 'retrain/${retrain}', '${retrain}'), ('policy:tomorrow', 'promote', 'endpoint/tomorrow', '${retrain}');`

/** What breaks each rule; constraints that would stop it are taken away first. */
const plants: Record<string, string> = {
  'one registration a run': `drop index model_version_once_a_run;
    insert into model_version select name, 2, 'testing', run_id, onnx, sidecar, feature_hash, snapshot_id, build_id, dataset, now() from model_version`,
  'a model version comes from a run that names it': `update training_run set model_version = 7`,
  'a run that was decided has a registered version': `insert into training_run (id, model_name, recipe, state, requested_by, body_sha256)
    values ('${other}', 'range', '{}', 'awaiting_approval', 'ann', '${hash('0')}')`,
  'one audit row for each command': `drop index audit_once; insert into audit (by, action, subject, command_id) values
    ('ann', 'pause', 'training-run/${run}', '${command}'), ('ann', 'pause', 'training-run/${run}', '${command}')`,
  'a registration is audited once': `delete from audit where action = 'register'`,
  'a decision moved its version out of testing once': `insert into audit (by, action, subject, command_id, detail)
    select by, action, subject, '${other}', detail from audit where action = 'transition'`,
  'an activation is audited once': `delete from audit where action = 'activate'`,
  'at most one active deployment an endpoint': `drop index deployment_one_active;
    insert into deployment (id, endpoint, model_name, model_version, plan, state, requested_by, body_sha256, ended_at)
      values ('${other}', 'tomorrow', 'range', 1, '{}', 'active', 'ann', '${hash('0')}', now())`,
  'an endpoint answers with its active deployment': `update endpoint set active = '${route(other, 1)}'`,
  'an endpoint answers with a version in production': `update model_version set stage = 'staging'`,
  'the version of a prediction exists, with the bytes that answered': `update prediction set onnx_sha256 = '${hash('0')}'`,
  'the deployment of a prediction exists, on its endpoint': `update prediction set endpoint = 'elsewhere'`,
  'checkpoints only go forward': `update training_checkpoint set executed = 90 where block = 2`,
  'progress has no holes': `delete from training_progress where step = 1`,
  'progress belongs to a run': `update training_progress set run_id = '${other}'`,
  'a test segment is opened once a run': `insert into test_opening (run_id, purpose, build_id) values ('${run}', 'again', '${hash('b')}')`,
  'a dataset ends where its head snapshot ends': `update dataset set last_session = '2008-06-02'`,
  'the head of a dataset is where it moved last': `update head_move set snapshot_id = '${hash('b')}'`,
  'a head moves step by step, each once': `update head_move set sequence = 2`,
  'what is needed is not collected': `update snapshot set collected_at = now()`,
  'no batch of a build has stored more shards than it has': `insert into feature_build_progress select id, 0, 2, 3 from feature_build`,
  'states of a slice are of symbols that it has, and as many as it says': `update feature_shard_cache set ends = '{"MSFT": {}}'`,
  'what was looked into is there, or was': `update inspection set snapshot_ids = '["${hash('b')}"]'`,
  'what was looked into has a result, or failed, or was stopped': `update inspection set state = 'failed'`,
  'a feature row comes from a finished build': `update feature_row set build_id = '${hash('0')}'`,
  'nothing online is of a build of what was known earlier': `update feature_build set as_of = '2008-05-01T00:00:00Z'`,
  'a run is fitted on a build of the time that it names': `update training_run set build_id = '${hash('b')}', as_of = '2008-05-01T00:00:00Z'`,
  'a run is fitted on a build of the universe that its recipe names': `update training_run set build_id = '${hash('b')}', recipe = '{"universe": "csi300"}'`,
  'a run has ended exactly when its state is final': `update sync_run set state = 'running'`,
  'a run without an end has an open workflow': `update feature_build set state = 'running', ended_at = null`,
  'an idempotency key started one thing': `insert into sync_run (id, dataset, connector, state, requested_by, idempotency_key, body_sha256, ended_at)
    values ('${other}', 'us-daily', '{}', 'unchanged', 'ann', 'one', '${hash('0')}', now())`,
  'one retrain in flight an endpoint': `drop index retrain_one_in_flight;
    insert into retrain (id, endpoint, trigger, session, run_id, state, champion_name, champion_version, requested_by) values
      ('${other}', 'tomorrow', 'manual', '2008-05-30', '${other}', 'training', 'range', 1, 'ann'),
      ('${command}', 'tomorrow', 'manual', '2008-05-30', '${command}', 'training', 'range', 1, 'ann')`,
  'an automatic retrain has its alert, and no other has the same': `update retrain set alert_id = null`,
  'a verdict is given once, and audited once': `delete from audit where action = 'verdict'`,
  'a promotion follows a verdict and a switch, and is audited once': `delete from audit where action = 'promote'`,
  'no session is processed that has not landed': `update supervision set processed_through = '2008-06-02'`,
  'a matured session is scored once for each forecaster': `delete from session_score where session = '2008-05-29'`,
  'a live prediction is scored once its label is known': `delete from prediction_score`,
  'a decay monitor has looked at every scored session, once': `delete from monitor_point where session = '2008-05-28'`,
  'an alarm of a monitor is an alert': `delete from alert`,
}

let database: Awaited<ReturnType<typeof testDatabase>>
let client: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(healthy)
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

beforeEach(async () => void (await client.query('begin')))
afterEach(async () => void (await client.query('rollback')))

test('a healthy database has no violations', async () => {
  expect(await checkInvariants(database.url, [])).toEqual([])
})

test('every rule has its plant', () => {
  expect(Object.keys(plants).toSorted()).toEqual(ruleNames.toSorted())
})

test.each(Object.entries(plants))('finds that it is broken: %s', async (rule, plant) => {
  await client.query(plant)
  const found = await violationsIn(client, [])
  expect(found.map((violation) => violation.rule)).toContain(rule)
  for (const violation of found) {
    expect(violation.subject).toBeTruthy()
    expect(violation.detail).toBeTruthy()
  }
})

test.each([
  ['a round', `update training_checkpoint set round = 40 where block = 1`],
  ['a phase', `update training_checkpoint set phase = 'refit' where block = 0`],
])('checkpoints that go back by %s are found', async (_, plant) => {
  await client.query(plant)
  expect((await violationsIn(client, [])).map(({ rule }) => rule)).toEqual(['checkpoints only go forward'])
})

test('a prediction of a version that was never registered is found', async () => {
  await client.query(`update prediction set model_version = 9`)
  expect(await violationsIn(client, [])).toEqual([
    { rule: 'the version of a prediction exists, with the bytes that answered', subject: prediction, detail: 'range@9 is not registered' },
  ])
})

test('an active deployment that no endpoint routes to is found', async () => {
  await client.query(`delete from endpoint`)
  expect((await violationsIn(client, [])).map(({ subject }) => subject)).toEqual(['tomorrow'])
})

test.each([
  ['a restated label whose session was not scored again', `update realized_label set revision = 2 where session = '2008-05-28'`],
  ['a prediction that was scored by an older label', `update prediction_score set label_revision = 0`],
  ['a prediction that was scored wrong', `update prediction_score set squared_error = 0.5`],
  ['a state that is cut short', `update feature_shard_cache set states = substring(states for octet_length(states) - 8)`],
  ['a promotion without a verdict', `update retrain set verdict = 'worse'`],
  ['a promotion whose deployment was refused', `update deployment set state = 'refused'`],
  [
    'one alert that started two retrains',
    `insert into retrain select (jsonb_populate_record(r, '{"id":"${other}","run_id":"${other}"}')).* from retrain r`,
  ],
])('%s is found', async (_, plant) => {
  await client.query(plant)
  expect(await violationsIn(client, [])).not.toEqual([])
})

test('while a session waits to be processed, scores may be missing', async () => {
  await client.query(`delete from session_score where session = '2008-05-29'; delete from monitor_point where session = '2008-05-29';
    delete from prediction_score; update supervision set processed_through = '2008-05-29'`)
  expect(await violationsIn(client, [])).toEqual([])
})

test('the fits of a calibration are known by their ids', async () => {
  const fold = derivedId(`calibration/${hash('5')}/${hash('b')}/3`)
  await client.query(
    `insert into training_progress (run_id, step, phase, round, total_rounds, metrics) values ('${fold}', 1, 'search', 1, 2, '{}')`,
  )
  expect(await violationsIn(client, [])).toEqual([])
})

test('a run whose workflow is open may go on without an end', async () => {
  await client.query(
    `update deployment set state = 'running', ended_at = null; update endpoint set active = null; update model_version set stage = 'staging';
      update retrain set state = 'rolling-out', ended_at = null; delete from audit where action = 'promote'`,
  )
  expect(await violationsIn(client, [`deploy/tomorrow/${deployment}`])).toEqual([])
  expect((await violationsIn(client, ['deploy/tomorrow/another'])).map(({ subject }) => subject)).toEqual([`deploy/tomorrow/${deployment}`])
})
