/** Schedules on the real Temporal server, with the real worker behind them. */
import { randomUUID } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { patchSchedule } from '#activities/schedules/patch-schedule.ts'
import { scheduleId, syncWorkflowId } from '#contracts/ids.ts'
import type { Schedule } from '#contracts/schedules.ts'
import { audit, dataset, syncRun } from '#db/schema.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  endWorker = await runOrchestration(world)
})
afterAll(async () => {
  await endWorker?.()
  await world?.close()
})

const made: string[] = []
afterEach(async () => {
  for (const name of made.splice(0)) await world.ask(`DELETE /api/v1/schedules/${name}`)
})

/** A dataset of the sample's first sessions, and a schedule of it that does not fire by itself. */
async function scheduled(cadence: unknown = { kind: 'interval', everySeconds: 86_400 }) {
  const name = `s-${randomUUID().slice(0, 8)}`
  await world.db.insert(dataset).values({ name, connector: { kind: 'sample', symbols: ['IBM'], through: '2000-03-31' } })
  made.push(name)
  const answer = await world.ask('POST /api/v1/schedules', { key: world.keys.operator, body: { name, dataset: name, cadence } })
  expect(answer.status, answer.text).toBe(201)
  return { name, schedule: answer.json() as Schedule }
}

const tell = (name: string, verb: string, body: unknown = {}, headers: Record<string, string> = {}) =>
  world.ask(`POST /api/v1/schedules/${name}/${verb}`, { key: world.keys.operator, body, headers })
const show = async (name: string): Promise<Schedule> => (await world.ask(`GET /api/v1/schedules/${name}`)).json()
const syncsOf = (name: string) => world.db.select().from(syncRun).where(eq(syncRun.dataset, name))
const auditOf = async (name: string) =>
  (await world.ask(`GET /api/v1/audit?subject=schedule/${name}&limit=200`))
    .json()
    .items.map(({ action, by }: Record<string, string>) => `${action} by ${by}`)
async function fired(name: string, times: number) {
  await expect.poll(async () => (await show(name)).lastFirings.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(times)
}

describe('a schedule', () => {
  test('fires on command: the sync is under its own id, asked for by the schedule', async () => {
    const { name, schedule } = await scheduled()
    expect(schedule).toMatchObject({ dataset: name, state: 'active', createdBy: 'operator', lastFirings: [] })
    expect(schedule.nextFirings.length).toBeGreaterThan(0)
    const triggered = await tell(name, 'trigger', { reason: 'a try' })
    expect(triggered.status, triggered.text).toBe(202)
    await expect.poll(async () => (await syncsOf(name)).map(({ state }) => state), { timeout: 30_000 }).toEqual(['landed'])
    const [sync] = await syncsOf(name)
    expect(sync!.requestedBy).toBe(`schedule:${name}`)
    const { memo } = await world.temporal.client.workflow.getHandle(syncWorkflowId(name)).describe()
    expect(memo).toMatchObject({ id: sync!.id })
    expect((await world.ask(`GET /api/v1/datasets/${name}/syncs/${sync!.id}`)).json().state).toBe('landed')
    await fired(name, 1)
  })

  test('triggered twice by the same request fires once; by two requests twice', async () => {
    const { name } = await scheduled()
    const headers = { 'idempotency-key': randomUUID() }
    for (let n = 0; n < 3; n++) expect((await tell(name, 'trigger', {}, headers)).status).toBe(202)
    await tell(name, 'trigger')
    await fired(name, 2)
    expect((await show(name)).lastFirings).toHaveLength(2)
    expect(await auditOf(name)).toEqual(['trigger by operator', 'trigger by operator', 'create by operator'])
  })

  test('fires once for one command, though the activity that says so runs again', async () => {
    const { name } = await scheduled()
    const { client } = world.temporal
    const command = { commandId: randomUUID(), by: 'ada' }
    for (let n = 0; n < 3; n++) await patchSchedule({ db: world.db, client }, { verb: 'trigger-schedule', name }, command)
    await tell(name, 'trigger')
    await fired(name, 2)
    expect((await show(name)).lastFirings).toHaveLength(2)
    expect(await auditOf(name)).toEqual(['trigger by operator', 'trigger by ada', 'create by operator'])
  })

  test('joins the sync that is running', async () => {
    const { name } = await scheduled()
    const syncId = randomUUID()
    // a sync that a worker never takes: it runs for as long as the test wants
    const running = await world.temporal.client.workflow.start('syncMarketData', {
      workflowId: syncWorkflowId(name),
      taskQueue: 'nobody',
      memo: { id: syncId },
      args: [],
    })
    await tell(name, 'trigger')
    await fired(name, 1)
    const [firing] = (await show(name)).lastFirings
    expect(await world.temporal.client.workflow.getHandle(firing!.workflowId).result()).toEqual({ syncId, joined: true })
    expect(await syncsOf(name)).toEqual([])
    await running.terminate()
  })

  test('skips its firings while the one before still runs, and then there is one sync', async () => {
    const { name } = await scheduled()
    const schedule = world.temporal.client.schedule.getHandle(scheduleId(name))
    // without a worker the first firing runs for as long as the test wants
    await endWorker()
    await schedule.update((made) => ({ ...made, spec: { intervals: [{ every: '1 second' }] } }))
    const skipped = async () => (await schedule.describe()).info.numActionsSkippedOverlap
    await expect.poll(skipped, { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
    await schedule.pause()
    expect((await schedule.describe()).info).toMatchObject({ numActionsTaken: 1, runningActions: [expect.anything()] })
    endWorker = await runOrchestration(world)
    await expect.poll(async () => (await syncsOf(name)).map(({ state }) => state), { timeout: 30_000 }).toEqual(['landed'])
    expect((await schedule.describe()).info.numActionsTaken).toBe(1)
  })

  test('is paused with a note, resumed, back-filled and deleted, and the audit names who did', async () => {
    const { name } = await scheduled()
    expect((await tell(name, 'pause', { reason: 'the vendor is late' })).json()).toMatchObject({
      state: 'paused',
      note: 'paused by operator: the vendor is late',
    })
    expect((await tell(name, 'resume')).json()).toMatchObject({ state: 'active', note: 'resumed by operator' })
    const backfilled = await tell(name, 'backfill', { from: '2026-01-01T00:30:00Z', to: '2026-01-04T00:30:00Z' })
    expect(backfilled.status, backfilled.text).toBe(202)
    await fired(name, 3)
    expect((await show(name)).lastFirings.map(({ scheduledAt }) => scheduledAt.slice(0, 10))).toEqual([
      '2026-01-02',
      '2026-01-03',
      '2026-01-04',
    ])
    const key = { 'idempotency-key': randomUUID() }
    const removed = await world.ask(`DELETE /api/v1/schedules/${name}`, { key: world.keys.operator, headers: key })
    expect([removed.status, removed.json().name]).toEqual([200, name])
    expect((await world.ask(`GET /api/v1/schedules/${name}`)).status).toBe(404)
    for (const verb of ['pause', 'trigger']) expect((await tell(name, verb)).status).toBe(404)
    expect(await auditOf(name)).toEqual([
      'delete by operator',
      'backfill by operator',
      'resume by operator',
      'pause by operator',
      'create by operator',
    ])
  })

  test('is made once for one request, and refuses another of its name', async () => {
    const { name } = await scheduled()
    const body = { name: `${name}-2`, dataset: name, cadence: { kind: 'interval', everySeconds: 3600 } }
    made.push(body.name)
    const headers = { 'idempotency-key': randomUUID() }
    const twice = await Promise.all([1, 2].map(() => world.ask('POST /api/v1/schedules', { body, headers })))
    expect(twice.map(({ status }) => status)).toEqual([201, 201])
    const again = await world.ask('POST /api/v1/schedules', { body })
    expect([again.status, again.json().code]).toEqual([409, 'already_exists'])
    const rows = await world.db
      .select()
      .from(audit)
      .where(and(eq(audit.subject, `schedule/${body.name}`), eq(audit.action, 'create')))
    expect(rows).toHaveLength(1)
  })

  test('keeps to the calendar of its place', async () => {
    const { schedule } = await scheduled({ kind: 'cron', expression: '30 18 * * MON-FRI', timeZone: 'America/New_York' })
    const hours = new Intl.DateTimeFormat('en-US', {
      timeZone: 'America/New_York',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
    for (const at of schedule.nextFirings) expect(hours.format(new Date(at))).toMatch(/^(Mon|Tue|Wed|Thu|Fri),? 18:30$/)
  })

  test('is listed by name, a page at a time', async () => {
    const names = [(await scheduled()).name, (await scheduled()).name].toSorted()
    const list = async (query = '') =>
      (await world.ask(`GET /api/v1/schedules?limit=200${query}`)).json().items.map(({ name }: Schedule) => name)
    await expect.poll(list, { timeout: 20_000 }).toEqual(expect.arrayContaining(names))
    const page = (await world.ask('GET /api/v1/schedules?limit=1')).json()
    expect((await list(`&after=${page.nextCursor}`)).length).toBe((await list()).length - 1)
  })
})

test.each([
  ['0 18 * *', 'five fields'],
  ['60 18 * * *', 'minute'],
  ['0 18 1 * mon', 'not both'],
  ['0 18 31 feb *', 'no month'],
])('a schedule by %s is refused with what is wrong', async (expression, fault) => {
  const body = { name: 'wrong', dataset: 'us-daily', cadence: { kind: 'cron', expression } }
  const answer = await world.ask('POST /api/v1/schedules', { body })
  expect([answer.status, answer.json().detail]).toEqual([422, expect.stringContaining(fault)])
})

test('a schedule of a dataset that is not there, or in a place that is not there, is refused', async () => {
  const body = { name: 'wrong', dataset: 'nothing-here', cadence: { kind: 'interval', everySeconds: 60 } }
  expect((await world.ask('POST /api/v1/schedules', { body })).status).toBe(404)
  const cadence = { kind: 'cron', expression: '0 18 * * *', timeZone: 'America/Gotham' }
  const answer = await world.ask('POST /api/v1/schedules', { body: { ...body, cadence } })
  expect([answer.status, answer.json().detail]).toEqual([422, expect.stringContaining('IANA')])
})
