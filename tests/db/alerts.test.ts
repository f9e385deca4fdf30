import { randomUUID } from 'node:crypto'
import { asc, eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acknowledgeAlert } from '#db/commands/acknowledge-alert.ts'
import { type Finding, raiseAlert } from '#db/commands/raise-alert.ts'
import { recordEndpointEvent } from '#db/commands/record-endpoint-event.ts'
import { alert, audit, endpointEvent } from '#db/schema.ts'
import { testDatabase } from '#tests/support/services.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())

const finding: Finding = {
  endpoint: 'range',
  kind: 'decay',
  severity: 'warning',
  session: '2008-06-30',
  monitorId: null,
  summary: 'the loss has risen',
  evidence: { statistic: 9 },
}
const eventsOf = (endpoint: string) =>
  database.db.select().from(endpointEvent).where(eq(endpointEvent.endpoint, endpoint)).orderBy(asc(endpointEvent.sequence))

test('an alert raised by twenty at once is one row and one event, and everybody hears its id', async () => {
  const { db } = database
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, each) => raiseAlert(db, { ...finding, summary: `the loss has risen (${each})` })),
  )
  expect(new Set(ids).size).toBe(1)
  const rows = await db.select().from(alert).where(eq(alert.endpoint, 'range'))
  expect(rows).toMatchObject([{ id: ids[0], kind: 'decay', session: '2008-06-30', acknowledgedBy: null }])
  expect(await eventsOf('range')).toMatchObject([
    { kind: 'alert', key: 'alert/decay/2008-06-30', detail: { alertId: ids[0], kind: 'decay' } },
  ])
})

test('another kind, session or endpoint is another alert', async () => {
  const { db } = database
  const ids = [
    await raiseAlert(db, { ...finding, endpoint: 'other' }),
    await raiseAlert(db, { ...finding, endpoint: 'other', kind: 'data-drift' }),
    await raiseAlert(db, { ...finding, endpoint: 'other', session: '2008-07-01' }),
  ]
  expect(new Set(ids).size).toBe(3)
  expect(await eventsOf('other')).toHaveLength(3)
})

test('an alert in a transaction that fails was never raised', async () => {
  const { db } = database
  const failing = db.transaction(async (tx) => {
    await raiseAlert(tx, { ...finding, endpoint: 'undone' })
    throw new Error('undone')
  })
  await expect(failing).rejects.toThrow('undone')
  expect(await eventsOf('undone')).toEqual([])
  expect(await db.select().from(alert).where(eq(alert.endpoint, 'undone'))).toEqual([])
})

test('an event happens once for its key; sequences rise', async () => {
  const { db } = database
  const happening = { endpoint: 'events', kind: 'session', session: '2008-06-02', detail: { rows: 4 } } as const
  await recordEndpointEvent(db, { ...happening, key: 'session/2008-06-02' })
  await recordEndpointEvent(db, { ...happening, key: 'session/2008-06-02', detail: { rows: 5 } })
  await recordEndpointEvent(db, { ...happening, key: 'session/2008-06-03', session: '2008-06-03' })
  const events = await eventsOf('events')
  expect(events).toMatchObject([
    { key: 'session/2008-06-02', detail: { rows: 4 } },
    { key: 'session/2008-06-03', session: '2008-06-03' },
  ])
  expect(events[1]!.sequence).toBeGreaterThan(events[0]!.sequence)
})

test('of two who acknowledge, the first one stays, with one audit row', async () => {
  const { db } = database
  const alertId = await raiseAlert(db, { ...finding, endpoint: 'seen' })
  const command = { commandId: randomUUID(), by: 'key/ann', reason: 'known' }
  expect(await acknowledgeAlert(db, { alertId, command })).toEqual({ acknowledgedBy: 'key/ann', acknowledgedNow: true })
  expect(await acknowledgeAlert(db, { alertId, command })).toEqual({ acknowledgedBy: 'key/ann', acknowledgedNow: false })
  const second = { commandId: randomUUID(), by: 'key/bob' }
  expect(await acknowledgeAlert(db, { alertId, command: second })).toEqual({ acknowledgedBy: 'key/ann', acknowledgedNow: false })
  expect(
    await db
      .select()
      .from(audit)
      .where(eq(audit.subject, `alert/${alertId}`)),
  ).toMatchObject([
    { by: 'key/ann', action: 'acknowledge', commandId: command.commandId, detail: { endpoint: 'seen', kind: 'decay', reason: 'known' } },
  ])
  await expect(acknowledgeAlert(db, { alertId: randomUUID(), command })).rejects.toMatchObject({ code: 'not_found' })
})
