import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '#contracts/problems.ts'
import { PredictResponse } from '#contracts/predictions.ts'
import { endpoint, prediction } from '#db/schema.ts'
import { predictionLogDefaults } from '#serving/prediction-log/prediction-log.ts'
import { shipPredictions } from '#serving/prediction-log/ship-predictions.ts'
import { publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { deployVersion, issueKey, servingApp } from './serving-app.ts'

type Serving = Awaited<ReturnType<typeof servingApp>>

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let key: string
let root: string
const opened: Serving[] = []

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  key = await issueKey(database.db)
  await publishFeatureRows(database.db, { AAPL: [1, 1, 1, 1] })
  await registerVersion(database.db, store.objects, 'range')
  await registerVersion(database.db, store.objects, 'range', { version: 2, onnx: 'lightgbm' })
  await (await deployVersion(database.db, store.objects, 'range', { name: 'range', version: 1 })).activate()
})
afterAll(() => Promise.all([database.drop(), store.drop()]))
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quantloop-serving-'))
})
afterEach(async () => {
  for (const serving of opened.splice(0)) await serving.close()
  await rm(root, { recursive: true, force: true })
})

async function open(given: Partial<Parameters<typeof servingApp>[0]> = {}): Promise<Serving> {
  const serving = await servingApp({ db: database.db, objects: store.objects, root, ...given })
  opened.push(serving)
  return serving
}

const ask = (serving: Serving) =>
  serving.app.request('/v1/endpoints/range/predict', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ symbols: ['AAPL'] }),
  })
const answerOf = async (serving: Serving) => PredictResponse.parse(await (await ask(serving)).json())
const ready = async (serving: Serving) => (await serving.app.request('/v2/health/ready')).status

/** A database that is not there. */
async function nowhere() {
  const gone = await testDatabase()
  await gone.drop()
  return gone.db
}

describe('a replica', () => {
  test('is ready once it knows its endpoints and has loaded their models', async () => {
    const serving = await open()
    expect(await ready(serving)).toBe(503)
    await serving.look()
    expect(await ready(serving)).toBe(200)
    await serving.replica.leave()
    expect(await ready(serving)).toBe(503)
  })

  test('starts from what one on this machine last knew, and says that it is stale', async () => {
    await (await open()).look()
    const cutOff = await open({ db: await nowhere() })
    await cutOff.replica.restore()
    expect(await ready(cutOff)).toBe(200)
    expect(await answerOf(cutOff)).toMatchObject({ stale: true, revision: 1, predictions: [{ symbol: 'AAPL', value: 1.75 }] })
    await cutOff.replica.look()
    expect(await answerOf(cutOff)).toMatchObject({ stale: true })
  })

  test.each<[string, (state: { features: { rows: { values: string }[] }[] }) => void]>([
    ['cut short', () => {}],
    [
      'with an altered feature row',
      ({ features }) => void (features[0]!.rows[0]!.values = Buffer.from(new Float32Array(4).buffer).toString('base64')),
    ],
  ])('takes a kept state that is %s for none', async (_, damage) => {
    const { replica } = await open()
    await replica.look()
    const path = join(root, 'known.json')
    const text = await readFile(path, 'utf8')
    const state = JSON.parse(text) as Parameters<typeof damage>[0]
    damage(state)
    const damaged = JSON.stringify(state)
    await writeFile(path, damaged === text ? text.slice(0, -20) : damaged)
    const cutOff = await open({ db: await nowhere() })
    await cutOff.replica.restore()
    expect(await ready(cutOff)).toBe(503)
    expect((await ask(cutOff)).status).toBe(401)
  })

  test('goes on with its revision, marked stale, while the one in force cannot be loaded', async () => {
    const serving = await open()
    await serving.look()
    const where = eq(endpoint.name, 'range')
    const [row] = await database.db.select().from(endpoint).where(where)
    const lost = 'f'.repeat(64)
    const sidecar = { uri: `objects/ff/${lost}.json`, sha256: lost, bytes: 1 }
    await database.db
      .update(endpoint)
      .set({ active: { ...row!.active!, sidecar }, activeRevision: 9 })
      .where(where)
    try {
      await serving.look()
      expect(await answerOf(serving)).toMatchObject({ revision: 1, stale: true, predictions: [{ value: 1.75 }] })
      expect(serving.replica.routes.acknowledgement()).toMatchObject({ active: { range: 1 }, refusal: { range: { revision: 9 } } })
    } finally {
      await database.db.update(endpoint).set(row!).where(where)
    }
    await serving.look()
    expect(await answerOf(serving)).toMatchObject({ revision: 1, stale: false })
  })

  test('drops a candidate that was withdrawn', async () => {
    const serving = await open()
    const deployment = await deployVersion(database.db, store.objects, 'range', { name: 'range', version: 2 })
    await serving.look()
    expect(serving.replica.routes.acknowledgement().ready).toEqual({ range: deployment.revision })
    await database.db.update(endpoint).set({ prepared: null }).where(eq(endpoint.name, 'range'))
    await serving.look()
    expect(serving.replica.routes.acknowledgement().ready).toEqual({ range: 1 })
  })

  test('answers nothing that it cannot log', async () => {
    const serving = await open({ log: { ...predictionLogDefaults, capacityBytes: 100 } })
    await serving.look()
    const response = await ask(serving)
    expect(response.status).toBe(503)
    expect(Problem.parse(await response.json()).code).toBe('prediction_log_full')
    await shipPredictions(database.db, serving.log)
    const shipped = await database.db.select().from(prediction).where(eq(prediction.replicaId, serving.replica.replicaId))
    expect(shipped).toEqual([])
  })
})
