import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Config } from '#config/config.ts'
import { PredictResponse } from '#contracts/predictions.ts'
import { prediction, servingLease } from '#db/schema.ts'
import { type FaultProxy, startFaultProxy } from '#tests/faults/fault-proxy.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { deployVersion, issueKey } from './serving-app.ts'
import { type ServingProcess, servingConfig, startServing } from './serving-process.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let proxy: FaultProxy
let key: string
let stateDir: string
let config: Config
const running: ServingProcess[] = []

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  const { db } = database
  key = await issueKey(db)
  await publishFeatureRows(db, { AAPL: [1, 1, 1, 1], GOOG: [2, 0, 0, 4] })
  await registerVersion(db, store.objects, 'range')
  await (await deployVersion(db, store.objects, 'range', { name: 'range', version: 1 })).activate()
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ host: hostname, port: Number(port) })
})
afterAll(async () => {
  await proxy.close()
  await Promise.all([database.drop(), store.drop()])
})
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'quantloop-serving-'))
  const databaseUrl = Object.assign(new URL(database.url), { host: `127.0.0.1:${proxy.port}` }).toString()
  config = servingConfig({ databaseUrl, objectStore: store.config, stateDir })
})
afterEach(async () => {
  proxy.restore()
  for (const process of running.splice(0)) await process.kill().catch(() => {})
  await rm(stateDir, { recursive: true, force: true })
})

async function start(using = config): Promise<ServingProcess> {
  const process = await startServing(using)
  running.push(process)
  return process
}

const ask = async (process: ServingProcess) => {
  const response = await process.post('/v1/endpoints/range/predict', key, { symbols: ['AAPL', 'GOOG'] })
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`)
  return PredictResponse.parse(await response.json())
}

/** Eight clients that ask without a pause, until the process dies; what they were answered. */
function load(process: ServingProcess) {
  const answers: PredictResponse[] = []
  const client = async () => {
    try {
      for (;;) answers.push(await ask(process))
    } catch {
      // the kill: an answer that did not arrive was not given
    }
  }
  return { answers, ended: Promise.all(Array.from({ length: 8 }, client)) }
}

const idsOf = (answers: PredictResponse[]) => answers.flatMap(({ predictions }) => predictions.map(({ predictionId }) => predictionId))
const shippedIds = async () => new Set((await database.db.select({ id: prediction.id }).from(prediction)).map(({ id }) => id))
const logBytes = async (process: ServingProcess) => {
  const metrics = await (await fetch(`${process.url}/metrics`, { headers: { authorization: `Bearer ${key}` } })).text()
  return Number(/^quantloop_serving_log_bytes (\d+)$/m.exec(metrics)?.[1])
}
const eventually = (assertion: () => Promise<void>) => vi.waitFor(assertion, { timeout: 30_000, interval: 50 })
const allShipped = (process: ServingProcess) => eventually(async () => expect(await logBytes(process)).toBe(0))

test('a kill under load loses no prediction that was answered', async () => {
  const first = await start()
  const { answers, ended } = load(first)
  await eventually(async () => expect(answers.length).toBeGreaterThan(500))
  await first.kill()
  await ended
  const second = await start()
  expect(second.replicaId).toBe(first.replicaId)
  await allShipped(second)
  const shipped = await shippedIds()
  expect(idsOf(answers).filter((id) => !shipped.has(id))).toEqual([])
})

test('without PostgreSQL and the store it goes on, says so, survives a kill, and delivers when they are back', async () => {
  const first = await start()
  expect((await ask(first)).stale).toBe(false)
  proxy.cut()
  await eventually(async () => expect((await ask(first)).stale).toBe(true))
  const { answers, ended } = load(first)
  await eventually(async () => expect(answers.length).toBeGreaterThan(100))
  await first.kill()
  await ended
  expect(answers.every(({ stale }) => stale)).toBe(true)

  const second = await start({ ...config, objectStore: { ...config.objectStore, endpoint: 'http://127.0.0.1:1' } })
  const answer = await ask(second)
  expect(answer).toMatchObject({ stale: true, revision: 1, predictions: [{ value: 1.75 }, { value: 2 }] })
  const before = await shippedIds()
  expect(idsOf(answers).some((id) => before.has(id))).toBe(false)

  proxy.restore()
  await eventually(async () => expect((await ask(second)).stale).toBe(false))
  await allShipped(second)
  const shipped = await shippedIds()
  expect(idsOf([...answers, answer]).filter((id) => !shipped.has(id))).toEqual([])
})

test('a network that swallows everything is noticed too', async () => {
  const process = await start()
  proxy.silence()
  await eventually(async () => expect((await ask(process)).stale).toBe(true))
  proxy.restore()
  await eventually(async () => expect((await ask(process)).stale).toBe(false))
})

test('the log of a dead replica is delivered by another', async () => {
  const first = await start()
  const second = await start()
  expect(second.replicaId).not.toBe(first.replicaId)
  proxy.cut()
  for (const each of [first, second]) await eventually(async () => expect((await ask(each)).stale).toBe(true))
  const answers = await Promise.all([ask(first), ask(second)])
  await Promise.all([first.kill(), second.kill()])
  proxy.restore()
  // takes one folder for its own and adopts the other
  const third = await start()
  expect([first.replicaId, second.replicaId]).toContain(third.replicaId)
  await eventually(async () => expect(await shippedIds()).toSatisfy((ids: Set<string>) => idsOf(answers).every((id) => ids.has(id))))
})

test('asked to end, it answers what has arrived, delivers its log and gives up its lease', async () => {
  const process = await start()
  const { answers, ended } = load(process)
  await eventually(async () => expect(answers.length).toBeGreaterThan(50))
  expect(await process.stop()).toBe(0)
  await ended
  running.splice(0)
  const shipped = await shippedIds()
  expect(idsOf(answers).filter((id) => !shipped.has(id))).toEqual([])
  const leases = await database.db.select({ replicaId: servingLease.replicaId }).from(servingLease)
  expect(leases.map(({ replicaId }) => replicaId)).not.toContain(process.replicaId)
})
