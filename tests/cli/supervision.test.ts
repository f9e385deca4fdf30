/** What a person types about supervision, alerts, schedules and live progress, against the real API. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { TrainRequest } from '#contracts/requests.ts'
import { SupervisionPolicy } from '#contracts/supervision.ts'
import { createApiKey } from '#db/commands/identity/create-api-key.ts'
import { revokeApiKey } from '#db/commands/identity/revoke-api-key.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { endpoint, monitor, monitorPoint, retrain, sessionScore, trainingProgress, trainingRun } from '#db/schema.ts'
import { trainBody } from '#tests/api/world.ts'
import { cliWorld, type CliWorld, quantloop } from './world.ts'

let world: CliWorld
let alertId: string
const monitorId = randomUUID()
const retrainId = randomUUID()
const session = '2008-06-30'

beforeAll(async () => {
  world = await cliWorld()
  const { db } = world
  await db.insert(endpoint).values({ name: 'range' })
  alertId = await raiseAlert(db, {
    endpoint: 'range',
    kind: 'decay',
    severity: 'warning',
    session,
    monitorId,
    summary: 'the loss rose to 9.8, above 9.5',
    evidence: { statistic: 9.8 },
  })
  const model = { modelName: 'range-lightgbm', modelVersion: 1 }
  await db
    .insert(monitor)
    .values({ id: monitorId, endpoint: 'range', kind: 'decay', ...model, after: '2008-05-30', threshold: 9.5, calibration: {} })
  await db.insert(monitorPoint).values({ monitorId, session, statistic: 9.8, fired: true })
  await db
    .insert(sessionScore)
    .values({ endpoint: 'range', forecaster: 'range-lightgbm@1', session, loss: 0.25, bias: 0.5, rows: 4, labelRevisions: 4 })
  await db.insert(retrain).values({
    id: retrainId,
    endpoint: 'range',
    trigger: 'decay',
    session,
    runId: randomUUID(),
    state: 'not-promoted',
    championName: 'range-lightgbm',
    championVersion: 1,
    challengerName: 'range-lightgbm',
    challengerVersion: 2,
    verdict: 'inconclusive',
    reason: 'no look passed its boundary',
    looks: [
      {
        sessions: 10,
        through: '2008-07-15',
        challengerLoss: 0.095,
        championLoss: 0.103,
        persistenceLoss: 0.11,
        gain: 0.008,
        t: 0.9,
        z: 0.88,
        boundary: 3.47,
        verdict: 'continue',
      },
    ],
    requestedBy: 'supervisor',
    endedAt: new Date().toISOString(),
  })
})
afterAll(() => world?.close())

describe('lists and pages', () => {
  test.each([
    [['alerts', 'list', '--endpoint', 'range', '--kind', 'decay', '--open'], /range +2008-06-30 +decay +warning +– +the loss rose/],
    [['monitors', 'list', '--endpoint', 'range'], /range-lightgbm@1 +2008-06-30 +9\.8 +9\.5/],
    [['retrains', 'list'], /decay +not-promoted +range-lightgbm@2 +1 +inconclusive/],
    [['supervision', 'scores', 'range', '--from', '2008-06-01', '--forecaster', 'range-lightgbm@1'], /range-lightgbm@1 +0\.25 +0\.5 +4/],
    [['schedules', 'list'], /nothing yet|SCHEDULE/],
  ])('%j', async (args, line) => {
    const { code, out, err } = await world.run(...args)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(line)
    expect((await world.run(...args, '--json')).json()).toHaveProperty('items')
  })

  test('one of each, with its evidence', async () => {
    expect((await world.run('alerts', 'show', alertId)).out).toMatch(/summary +the loss rose[\s\S]*evidence +\{"statistic":9\.8\}/)
    expect((await world.run('monitors', 'show', monitorId)).out).toMatch(/threshold +9\.5[\s\S]*2008-06-30 +9\.8 +yes/)
    const shown = (await world.run('retrains', 'show', retrainId)).out
    expect(shown).toMatch(/reason +no look passed/)
    expect(shown).toContain('look after 10 sessions, through 2008-07-15: challenger 0.095, champion 0.103')
    expect((await world.run('retrains', 'show', retrainId, '--json')).json().looks).toHaveLength(1)
  })

  test('an alert is acknowledged, and the audit found by its filters', async () => {
    const { code, out, err } = await world.run('alerts', 'acknowledge', alertId, '--reason', 'I look')
    expect(code, err).toBe(0)
    expect(out).toMatch(/acknowledged by +admin/)
    expect((await world.run('alerts', 'list', '--open', '--json')).json().items).toEqual([])
    const audit = ['audit', '--action', 'acknowledge', '--by', 'admin', '--from', '2020-01-01T00:00:00Z']
    expect((await world.run(...audit)).out).toMatch(/acknowledge +alert\//)
    expect((await world.run(...audit, '--to', '2020-01-02T00:00:00Z', '--json')).json()).toEqual({ items: [], nextCursor: null })
  })
})

describe('wrong use', () => {
  test.each([
    [['schedules', 'create', 'daily', '--dataset', 'us-daily']],
    [['schedules', 'create', 'daily', '--dataset', 'us-daily', '--cron', '0 18 * * *', '--every', '60']],
    [['schedules', 'create', 'daily', '--dataset', 'us-daily', '--every', '60', '--time-zone', 'UTC']],
    [['schedules', 'create', 'daily', '--cron', '0 18 * * *']],
    [['schedules', 'backfill', 'daily', '--from', 'yesterday', '--to', 'today']],
    [['alerts', 'list', '--kind', 'boredom']],
    [['monitors', 'list', '--kind', 'boredom']],
    [['supervision', 'scores', 'range', '--forecaster', 'nobody']],
    [['audit', '--from', 'yesterday']],
    [['supervise']],
  ])('%j exits with 2', async (args) => {
    const { code, out, err } = await world.run(...args)
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('error:')])
  })

  test.each([
    [['supervise', 'nothing-here'], 'not_found'],
    [['supervise', 'range'], 'deploy one first'],
    [['supervision', 'show', 'range'], 'not_found'],
    [['alerts', 'show', randomUUID()], 'not_found'],
    [['schedules', 'create', 'daily', '--dataset', 'us-daily', '--cron', '61 18 * * *'], 'minute'],
    [['endpoints', 'follow', 'nothing-here'], 'not_found'],
  ])('%j exits with 1 and says why', async (args, why) => {
    expect(await world.run(...args)).toMatchObject({ code: 1, err: expect.stringContaining(why) })
  })

  test('a policy that is none names the field', async () => {
    const file = await world.file('policy.yaml', 'cooldownSessions: -3\nlooks: 7\n')
    const { code, err } = await world.run('supervise', 'range', '--policy', file)
    expect([code, err]).toEqual([1, expect.stringMatching(/cooldownSessions[\s\S]*|looks/)])
    expect(err).toContain('policy.yaml is no policy')
  })
})

test('the policy on the page of operations is the default one', async () => {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  const policy = SupervisionPolicy.parse(parse(/```yaml\n([\s\S]+?)```/.exec(page)![1]!))
  expect(policy).toEqual(SupervisionPolicy.parse({}))
})

test('a schedule is made, paused, triggered, resumed and deleted', async () => {
  const made = await world.run('schedules', 'create', 'daily', '--dataset', 'us-daily', '--cron', '30 18 * * mon-fri')
  expect(made.code, made.err).toBe(0)
  expect(made.out).toMatch(/fires +30 18 \* \* mon-fri \(America\/New_York\)/)
  expect((await world.run('schedules', 'pause', 'daily', '--reason', 'holidays')).out).toMatch(/note +paused by admin: holidays/)
  expect((await world.run('schedules', 'resume', 'daily', '--json')).json().state).toBe('active')
  expect((await world.run('schedules', 'trigger', 'daily')).code).toBe(0)
  const backfill = ['schedules', 'backfill', 'daily', '--from', '2026-01-05T00:00:00Z', '--to', '2026-01-06T00:00:00Z']
  expect((await world.run(...backfill, '--json')).json()).toMatchObject({ name: 'daily', state: 'active' })
  expect((await world.run('schedules', 'delete', 'daily')).out).toBe('daily deleted\n')
  expect((await world.run('schedules', 'show', 'daily')).code).toBe(1)
})

describe('following', () => {
  test('an endpoint prints a line for each event, also over a cut, until it may no longer', async () => {
    const { id, key } = await createApiKey(world.db, { name: 'passing', role: 'viewer', by: 'test' })
    const tell = (n: number) =>
      recordEndpointEvent(world.db, {
        endpoint: 'range',
        key: `session/${n}`,
        kind: 'session',
        session: `2008-07-0${n}`,
        detail: { loss: n },
      })
    await tell(1)
    const following = quantloop(world.as(key), 'endpoints', 'follow', 'range', '--json')
    await expect.poll(() => world.followers.size, { timeout: 10_000 }).toBe(1)
    for (const follower of world.followers) follower.terminate()
    await tell(2)
    await expect.poll(() => world.followers.size, { timeout: 10_000 }).toBe(1)
    await tell(3)
    await revokeApiKey(world.db, { id, by: 'test' })
    const { code, out } = await following
    const lines = out.trimEnd().split('\n')
    const events = lines.flatMap((line) => (line.startsWith('{"sequence"') ? [JSON.parse(line)] : []))
    expect(events.filter(({ kind }) => kind === 'session').map(({ session }) => session)).toEqual([
      '2008-07-01',
      '2008-07-02',
      '2008-07-03',
    ])
    expect([code, out]).toEqual([1, expect.stringContaining('unauthenticated')])
  })

  test('a run shows its rounds, and ends with it', async () => {
    const id = randomUUID()
    const { name: modelName, features: featureSet, ...recipe } = TrainRequest.parse(trainBody)
    const run = { id, modelName, recipe: { ...recipe, featureSet }, requestedBy: 'ada', bodySha256: '0'.repeat(64) }
    await world.db.insert(trainingRun).values({ ...run, state: 'approved', step: 'register', endedAt: new Date().toISOString() })
    await world.db
      .insert(trainingProgress)
      .values({ runId: id, step: 1, phase: 'search', round: 50, totalRounds: 100, metrics: { l2: 0.15 } })
    const { code, out, err } = await world.run('runs', 'follow', id)
    expect([code, err]).toEqual([0, expect.stringContaining('search round 50 of 100  l2 0.15')])
    expect(out).toMatch(/state +approved/)
  })
})
