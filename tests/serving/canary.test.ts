import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PredictResponse } from '#contracts/predictions.ts'
import { rollBackDeployment } from '#db/commands/roll-back-deployment.ts'
import { shiftTraffic } from '#db/commands/shift-traffic.ts'
import { listLiveLeases } from '#db/queries/serving-leases.ts'
import { readTally } from '#db/queries/serving-tallies.ts'
import { momentsOf } from '#domain/rollout/tally.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { rolloutPlan } from '#tests/support/rollout-plan.ts'
import { testDatabase } from '#tests/support/services.ts'
import { deployVersion, issueKey, servingApp } from './serving-app.ts'

type Serving = Awaited<ReturnType<typeof servingApp>>

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let key: string
let endpoint: string
let root: string
let serving: Serving
let old: Awaited<ReturnType<typeof deployVersion>>
let fresh: Awaited<ReturnType<typeof deployVersion>>
const opened: Serving[] = []

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  key = await issueKey(database.db)
  await publishFeatureRows(database.db, { AAPL: [1, 1, 1, 1], IBM: [1, Number.NaN, 1, 1] })
})
afterAll(() => Promise.all([database.drop(), store.drop()]))
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quantloop-serving-'))
  endpoint = `e-${randomUUID().slice(0, 8)}`
  await registerVersion(database.db, store.objects, endpoint, { onnx: 'lightgbm' })
  // it refuses missing values, which the old one answers
  await registerVersion(database.db, store.objects, endpoint, { version: 2, missing: 'refuse' })
  old = await deploy(1)
  await old.activate()
  fresh = await deploy(2, rolloutPlan({ strategy: 'canary' }))
  serving = await open()
  await serving.look()
})
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  await rm(root, { recursive: true, force: true })
})

async function open(given: Partial<Parameters<typeof servingApp>[0]> = {}): Promise<Serving> {
  const one = await servingApp({ db: database.db, objects: store.objects, root, ...given })
  opened.push(one)
  return one
}

const deploy = (version: number, plan = rolloutPlan()) =>
  deployVersion(database.db, store.objects, endpoint, { name: endpoint, version }, plan)
const request = (path: string, body: unknown, to = serving) =>
  to.app.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
const ask = async (unitId?: string, to = serving) => {
  const response = await request(`/v1/endpoints/${endpoint}/predict`, { symbols: ['AAPL'], ...(unitId && { unitId }) }, to)
  if (!response.ok) throw new Error(await response.text())
  return PredictResponse.parse(await response.json())
}
const versions = async (count: number, unit: (index: number) => string | undefined = () => undefined) => {
  const answers: number[] = []
  for (let index = 0; index < count; index++) answers.push((await ask(unit(index))).model.version)
  return answers
}
const shift = async (share: number) => {
  await shiftTraffic(database.db, fresh.deploymentId, share)
  await serving.look()
}
const command = () => ({ commandId: randomUUID(), by: 'ada' })
const parts = (answers: number[]) => answers.filter((version) => version === 2).length

describe('a share of the requests', () => {
  test('goes to the canary evenly, from the first ten on', async () => {
    expect(parts(await versions(20))).toBe(0)
    await shift(0.1)
    const answers = await versions(40)
    for (let from = 0; from < 40; from += 10) expect(parts(answers.slice(from, from + 10))).toBe(1)
    await shift(0.5)
    expect(parts(await versions(10))).toBe(5)
    await shift(0)
    expect(parts(await versions(10))).toBe(0)
  })

  test('keeps a unit on its side, and takes nobody back when it rises', async () => {
    const units = (index: number) => `unit-${index % 40}`
    await shift(0.2)
    const [first, second] = [await versions(40, units), await versions(40, units)]
    expect(second).toEqual(first)
    await shift(0.6)
    const third = await versions(40, units)
    expect(first.every((version, index) => version === 1 || third[index] === 2)).toBe(true)
    expect(parts(third)).toBeGreaterThan(parts(first))
  })

  test('is told in the lease, and each answer names the revision of its version', async () => {
    await shift(0.5)
    const lease = (await listLiveLeases(database.db)).find(({ replicaId }) => replicaId === serving.replica.replicaId)
    expect([lease?.ready[endpoint], lease?.active[endpoint], lease?.share[endpoint]]).toEqual([2, 1, 0.5])
    for (let index = 0; index < 6; index++) {
      const { revision, model, stale } = await ask()
      expect([revision, stale]).toEqual([model.version, false])
    }
    const metrics = await (await serving.app.request('/metrics', { headers: { authorization: `Bearer ${key}` } })).text()
    expect(metrics).toContain(`quantloop_serving_canary_share{endpoint="${endpoint}"} 0.5`)
    expect(metrics).toMatch(new RegExp(`predictions_total\\{endpoint="${endpoint}",model="${endpoint}",version="2",arm="canary"\\} 3`))
  })

  test('either version can be asked for by name, and a third cannot', async () => {
    await shift(0.5)
    const tensor = { inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [1, 1, 1, 1] }] }
    for (const version of [1, 2])
      for (let index = 0; index < 3; index++) {
        const response = await request(`/v2/models/${endpoint}/versions/${endpoint}@${version}/infer`, tensor)
        expect(await response.json()).toMatchObject({ model_version: `${endpoint}@${version}`, parameters: { revision: version } })
      }
    const refused = await request(`/v2/models/${endpoint}/versions/${endpoint}@3/infer`, tensor)
    expect(refused.status).toBe(404)
    expect(await refused.json()).toEqual({ error: expect.stringContaining(`${endpoint}@1 and ${endpoint}@2`) })
  })

  test('of the Open Inference Protocol, a unit stays too', async () => {
    await shift(0.5)
    const inputs = [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [1, 1, 1, 1] }]
    for (const unit of ['desk 1', 'desk 2', 'desk 3', 'desk 4']) {
      const { model } = await ask(unit)
      const response = await request(`/v2/models/${endpoint}/infer`, { parameters: { unit_id: unit }, inputs })
      expect(await response.json()).toMatchObject({ model_version: `${endpoint}@${model.version}` })
    }
    expect((await request(`/v2/models/${endpoint}/infer`, { parameters: { unit_id: 7 }, inputs })).status).toBe(400)
  })

  test('is kept without PostgreSQL, by a process that starts then too', async () => {
    await shift(0.5)
    const gone = await testDatabase()
    await gone.drop()
    const cutOff = await open({ db: gone.db })
    await cutOff.replica.restore()
    const answers = [await ask(undefined, cutOff), await ask(undefined, cutOff)]
    expect(new Set(answers.map(({ model }) => model.version))).toEqual(new Set([1, 2]))
    expect(answers.every(({ stale }) => stale)).toBe(true)
  })
})

describe('a rollback', () => {
  test('is a switch within memory: it needs no store', async () => {
    await fresh.activate()
    await serving.look()
    expect(await versions(3)).toEqual([2, 2, 2])
    await rollBackDeployment(database.db, { deploymentId: fresh.deploymentId, command: command() })
    // only the table is read again: a model that had to be loaded would not be there yet
    await serving.replica.look()
    expect(await ask()).toMatchObject({ model: { version: 1 }, revision: 3, stale: false })
  })

  test('of a canary takes its share away', async () => {
    await shift(0.5)
    await rollBackDeployment(database.db, { deploymentId: fresh.deploymentId, command: command() })
    await serving.replica.look()
    expect(parts(await versions(10))).toBe(0)
    expect((await ask()).revision).toBe(1)
  })

  test('finds the version in memory in a process that started after the switch', async () => {
    await fresh.activate()
    const late = await open()
    await late.look()
    await rollBackDeployment(database.db, { deploymentId: fresh.deploymentId, command: command() })
    await late.replica.look()
    expect((await ask(undefined, late)).model.version).toBe(1)
  })
})

describe('what was answered', () => {
  const told = async () => {
    await serving.replica.tellAll()
    return await Promise.all([old, fresh].map(({ deploymentId }) => readTally(database.db, deploymentId)))
  }

  test('is counted for the version that it went to, failures too', async () => {
    await shift(0.5)
    await versions(10)
    // the canary refuses the missing value, the old version answers it
    const statuses: number[] = []
    for (let index = 0; index < 4; index++)
      statuses.push((await request(`/v1/endpoints/${endpoint}/predict`, { symbols: ['AAPL', 'IBM'] })).status)
    expect([200, 422].map((status) => statuses.filter((each) => each === status).length)).toEqual([2, 2])
    const [before, beside] = await told()
    expect(before).toMatchObject({ requests: 7, errors: 0, answers: 9, nonFinite: 0 })
    expect(beside).toMatchObject({ requests: 7, errors: 2, answers: 5, nonFinite: 0 })
    expect(beside!.latencies.reduce((sum, count) => sum + count, 0)).toBe(7)
    expect(momentsOf(beside!)!.deviation).toBe(0)
    expect(momentsOf(before!)!.mean).not.toBe(momentsOf(beside!)!.mean)
  })

  test('an answer that is not finite is counted as such, and an error', async () => {
    const huge = 3e38
    const tensor = { inputs: [{ name: 'features', shape: [1, 4], datatype: 'FP32', data: [huge, -huge, huge, huge] }] }
    await shift(0.5)
    expect((await request(`/v2/models/${endpoint}/versions/${endpoint}@2/infer`, tensor)).status).toBe(500)
    expect((await told())[1]).toMatchObject({ requests: 1, errors: 1, nonFinite: 1, answers: 0 })
  })

  test('adds up over starts, and what PostgreSQL missed is told later', async () => {
    await versions(3)
    await told()
    const again = await open()
    await again.look()
    await ask(undefined, again)
    await again.replica.tellAll()
    await again.replica.tellAll()
    expect((await told())[0]).toMatchObject({ requests: 4, answers: 4 })
  })
})
