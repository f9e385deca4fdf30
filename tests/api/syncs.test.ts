/** The whole way of a command: from the API through a real workflow on a real worker to the row, the audit and back. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import type { UploadRef } from '#contracts/references.ts'
import { uploadRefOf } from '#tests/support/object-store.ts'
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

const header = 'symbol,date,open,high,low,close,volume'
/** One symbol that loses half its price between the two sessions, and one row that cannot be. */
const halved = [header, 'ACME,2007-01-03,100,101,99,100,1000', 'ACME,2007-01-04,48,49,47,48,1000', 'ACME,2007-01-05,48,40,47,48,1000'].join(
  '\n',
)

async function upload(text: string): Promise<UploadRef> {
  const { upload, url } = (await world.ask('POST /api/v1/uploads', { key: world.keys.operator })).json()
  expect((await fetch(url, { method: 'PUT', body: text })).status).toBe(200)
  return uploadRefOf(upload, Buffer.from(text))
}

async function sync(dataset: string, text = halved) {
  const connector = { kind: 'csv', upload: await upload(text), filename: 'acme.csv' }
  const answer = await world.ask(`POST /api/v1/datasets/${dataset}/sync`, { body: { connector } })
  expect(answer.status, answer.text).toBe(202)
  return answer.json().id as string
}

const state = async (dataset: string, id: string) => (await world.ask(`GET /api/v1/datasets/${dataset}/syncs/${id}`)).json().state
async function held(dataset: string, id: string) {
  await expect.poll(() => state(dataset, id), { timeout: 20_000 }).toBe('held')
}
const tell = (dataset: string, verb: string, options: { role?: 'operator' | 'approver'; key?: string; reason?: string } = {}) =>
  world.ask(`POST /api/v1/datasets/${dataset}/${verb}`, {
    key: world.keys[options.role ?? 'approver'],
    body: options.reason === undefined ? {} : { reason: options.reason },
    ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
  })

describe('a sync that is held', () => {
  test('lands when it is approved, once, whoever repeats it, and the audit names who did', async () => {
    const id = await sync('acme')
    await held('acme', id)
    expect((await tell('acme', 'approve', { role: 'operator' })).status).toBe(403)

    const key = randomUUID()
    const approved = await tell('acme', 'approve', { key, reason: 'a real fall' })
    expect(approved.status, approved.text).toBe(202)
    await expect.poll(() => state('acme', id), { timeout: 20_000 }).toBe('landed')

    // the same command again, now that its workflow has ended: the audit remembers it
    const again = await tell('acme', 'approve', { key, reason: 'a real fall' })
    expect([again.status, again.json().phase], again.text).toEqual([202, expect.stringMatching(/closed|running/)])
    // another body under its key, and another command
    expect((await tell('acme', 'approve', { key, reason: 'no' })).json().code).toBe('idempotency_key_reused')
    const late = await tell('acme', 'reject')
    expect([late.status, late.json().code], late.text).toEqual([409, 'run_closed'])
    expect(late.json().detail).toContain('landed')

    const audit = (await world.ask(`GET /api/v1/audit?subject=sync/${id}`)).json().items
    const decisions = audit.filter(({ action }: { action: string }) => action === 'approve' || action === 'reject')
    expect(decisions).toMatchObject([{ by: 'approver', action: 'approve', detail: { reason: 'a real fall', via: 'update' } }])
  })

  test('names the quarantined row and the dataset’s new snapshot', async () => {
    const id = await sync('named')
    await held('named', id)
    const rows = (await world.ask(`GET /api/v1/datasets/named/syncs/${id}/quarantine`)).json().items
    expect(rows).toMatchObject([{ file: 'acme.csv', line: 4, symbol: 'ACME', session: '2007-01-05' }])
    expect((await world.ask('GET /api/v1/datasets/named')).json().headSnapshotId).toBeNull()
    expect((await tell('named', 'approve')).status).toBe(202)
    await expect.poll(() => state('named', id), { timeout: 20_000 }).toBe('landed')
    const { headSnapshotId } = (await world.ask('GET /api/v1/datasets/named')).json()
    expect((await world.ask(`GET /api/v1/snapshots/${headSnapshotId}`)).json()).toMatchObject({ rows: 2, symbols: 1 })
    expect((await world.ask('GET /api/v1/snapshots?dataset=named')).json().items).toHaveLength(1)
  })

  test('can be paused, resumed and stopped by an operator', async () => {
    const id = await sync('stopped')
    await held('stopped', id)
    expect((await tell('stopped', 'pause', { role: 'operator' })).json()).toMatchObject({ phase: 'paused', pausedBy: 'operator' })
    expect((await tell('stopped', 'resume', { role: 'operator' })).json().phase).toBe('awaiting_approval')
    expect((await tell('stopped', 'stop', { role: 'operator' })).status).toBe(202)
    await expect.poll(() => state('stopped', id), { timeout: 20_000 }).toBe('stopped')
    expect((await tell('stopped', 'pause', { role: 'operator' })).json()).toMatchObject({ code: 'run_closed', place: { state: 'stopped' } })
  })

  test('rejected keeps the head as it was', async () => {
    const id = await sync('rejected')
    await held('rejected', id)
    expect((await tell('rejected', 'reject')).status).toBe(202)
    await expect.poll(() => state('rejected', id), { timeout: 20_000 }).toBe('rejected')
    expect((await world.ask('GET /api/v1/datasets/rejected')).json().headSnapshotId).toBeNull()
    expect((await tell('rejected', 'approve')).json()).toMatchObject({ code: 'already_decided', status: 409 })
  })
})

test('a dataset that was never synced has nothing to tell', async () => {
  expect((await tell('never', 'pause')).status).toBe(404)
  expect((await world.ask('POST /api/v1/datasets/never/sync', { body: {} })).status).toBe(404)
  expect((await world.ask('GET /api/v1/datasets/never/syncs')).json()).toEqual({ items: [], nextCursor: null })
})

test('lists go on where their cursor says', async () => {
  for (let n = 0; n < 3; n++) {
    const id = await sync('paged', [header, `ACME,2007-01-03,100,101,99,${100 + n / 100},1000`].join('\n'))
    await expect.poll(() => state('paged', id), { timeout: 20_000 }).toBe('landed')
  }
  const first = (await world.ask('GET /api/v1/datasets/paged/syncs?limit=2')).json()
  const second = (await world.ask(`GET /api/v1/datasets/paged/syncs?limit=2&after=${first.nextCursor}`)).json()
  const ids = [...first.items, ...second.items].map(({ id }: { id: string }) => id)
  expect([first.items.length, second.items.length, second.nextCursor, new Set(ids).size]).toEqual([2, 1, null, 3])
})
