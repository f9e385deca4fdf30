import { createHash, randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FeatureRow } from '#contracts/features.ts'
import { Problem } from '#contracts/problems.ts'
import { type PredictionRecord, PredictResponse } from '#contracts/predictions.ts'
import { findPrediction } from '#db/queries/predictions.ts'
import { apiKey, servingLease } from '#db/schema.ts'
import { shipPredictions } from '#serving/prediction-log/ship-predictions.ts'
import { buildId, featureHash, featureOrder, publishFeatureRows, registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { deployVersion, issueKey, servingApp } from './serving-app.ts'

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let serving: Awaited<ReturnType<typeof servingApp>>
let key: string

beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  const { db } = database
  key = await issueKey(db)
  // linear: 0.5 a − b + 2 c + 0.25 d
  await publishFeatureRows(db, {
    AAPL: [1, 1, 1, 1],
    GOOG: [2, 0, 0, 4],
    IBM: [1, Number.NaN, 1, 1],
    MSFT: [Number.POSITIVE_INFINITY, 1, 1, 1],
  })
  await registerVersion(db, store.objects, 'range', { missing: 'refuse' })
  await registerVersion(db, store.objects, 'trees', { onnx: 'lightgbm', missing: 'accept' })
  for (const [endpoint, name] of [
    ['range', 'range'],
    ['trees', 'trees'],
  ] as const)
    await (await deployVersion(db, store.objects, endpoint, { name, version: 1 })).activate()
  serving = await servingApp({ db, objects: store.objects })
  await serving.look()
})
afterAll(async () => {
  await serving.close()
  await Promise.all([database.drop(), store.drop()])
})

const get = (path: string, headers: Record<string, string> = { authorization: `Bearer ${key}` }) => serving.app.request(path, { headers })
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  serving.app.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
const tensor = (data: unknown, shape: number[], more: object = {}) => ({
  inputs: [{ name: 'features', shape, datatype: 'FP32', data, ...more }],
})
const sha256OfRow = (row: number[]) =>
  createHash('sha256')
    .update(Buffer.from(Float32Array.from(row).buffer))
    .digest('hex')

async function shipped(id: string): Promise<PredictionRecord | undefined> {
  await shipPredictions(database.db, serving.log)
  return await findPrediction(database.db, id)
}

describe('the newest row of a symbol', () => {
  test('is read as it is held, a missing value as null, and nothing is logged', async () => {
    const before = serving.log.size
    const answer = await get('/v1/endpoints/trees/features/IBM')
    expect(answer.status).toBe(200)
    expect(FeatureRow.parse(await answer.json())).toEqual({
      dataset: 'us-daily',
      featureHash,
      buildId,
      symbol: 'IBM',
      session: '2008-05-30',
      values: [1, null, 1, 1],
      sha256: sha256OfRow([1, Number.NaN, 1, 1]),
    })
    expect(serving.log.size).toEqual(before)
  })

  test('that is not there, or of an endpoint that is not there, is told', async () => {
    const codeOf = async (path: string) => Problem.parse(await (await get(path)).json()).code
    expect(await codeOf('/v1/endpoints/range/features/ZZZ')).toBe('feature_row_missing')
    expect(await codeOf('/v1/endpoints/nowhere/features/IBM')).toBe('endpoint_not_found')
    expect((await get('/v1/endpoints/range/features/IBM', {})).status).toBe(401)
  })
})

describe('who may ask', () => {
  test.each(['/v2', '/v2/models/range', '/v2/models/range/ready', '/metrics', '/nowhere'])('%s needs a key', async (path) => {
    expect((await get(path, {})).status).toBe(401)
    expect((await get(path, { authorization: 'Bearer ql_wrong' })).status).toBe(401)
  })

  test.each(['/v2/health/live', '/v2/health/ready'])('%s is open', async (path) => expect((await get(path, {})).status).toBe(200))

  test('a key made a moment ago is found, and a revoked one is not', async () => {
    const fresh = await issueKey(database.db)
    expect((await get('/v2', { authorization: `Bearer ${fresh}` })).status).toBe(200)
    await database.db
      .update(apiKey)
      .set({ revokedAt: new Date().toISOString() })
      .where(eq(apiKey.keySha256, createHash('sha256').update(fresh).digest('hex')))
    await serving.look()
    expect((await get('/v2', { authorization: `Bearer ${fresh}` })).status).toBe(401)
  })
})

describe('predict by symbol', () => {
  test('answers from the newest rows and logs what it answered', async () => {
    const response = await post('/v1/endpoints/range/predict', { symbols: ['AAPL', 'GOOG'], session: '2008-05-30', unitId: 'desk 7' })
    expect(response.status).toBe(200)
    const body = PredictResponse.parse(await response.json())
    expect(body).toMatchObject({ endpoint: 'range', model: { name: 'range', version: 1 }, revision: 1, stale: false })
    expect(body.predictions.map(({ symbol, session, value }) => [symbol, session, value])).toEqual([
      ['AAPL', '2008-05-30', 1.75],
      ['GOOG', '2008-05-30', 2],
    ])
    expect(await shipped(body.predictions[1]!.predictionId)).toMatchObject({
      endpoint: 'range',
      revision: 1,
      value: 2,
      unitId: 'desk 7',
      stale: false,
      replicaId: serving.replica.replicaId,
      input: { kind: 'feature-row', buildId, symbol: 'GOOG', session: '2008-05-30', sha256: sha256OfRow([2, 0, 0, 4]) },
    })
  })

  test('a missing value passes only where the model accepts it', async () => {
    expect((await post('/v1/endpoints/trees/predict', { symbols: ['IBM'] })).status).toBe(200)
    const refused = await post('/v1/endpoints/range/predict', { symbols: ['AAPL', 'IBM'] })
    expect(refused.status).toBe(422)
    expect(Problem.parse(await refused.json())).toMatchObject({
      code: 'input_invalid',
      place: { row: 'IBM at 2008-05-30', feature: featureOrder[1] },
    })
  })

  test.each(['range', 'trees'])('an infinite feature is refused by %s', async (endpoint) => {
    const refused = await post(`/v1/endpoints/${endpoint}/predict`, { symbols: ['MSFT'] })
    expect(Problem.parse(await refused.json())).toMatchObject({ code: 'input_invalid', status: 422 })
  })

  test.each<[string, string, unknown, number, string]>([
    ['a symbol without a row', 'range', { symbols: ['AAPL', 'ZZZ'] }, 422, 'feature_row_missing'],
    ['a session whose row is not there yet', 'range', { symbols: ['AAPL'], session: '2008-06-02' }, 409, 'feature_row_of_another_session'],
    ['a session that is past', 'range', { symbols: ['AAPL'], session: '2008-05-29' }, 409, 'feature_row_of_another_session'],
    ['an endpoint that is not there', 'nowhere', { symbols: ['AAPL'] }, 404, 'endpoint_not_found'],
    ['a name that can be none', 'No%2FName', { symbols: ['AAPL'] }, 404, 'endpoint_not_found'],
    ['an unknown field', 'range', { symbols: ['AAPL'], horizon: 2 }, 422, 'invalid_request'],
    ['no symbol', 'range', { symbols: [] }, 422, 'invalid_request'],
    ['a unit id that PostgreSQL cannot hold', 'range', { symbols: ['AAPL'], unitId: 'a\u0000b' }, 422, 'invalid_request'],
    ['no JSON', 'range', '{', 400, 'malformed_request'],
  ])('refuses %s', async (_, endpoint, body, status, code) => {
    const response = await post(`/v1/endpoints/${endpoint}/predict`, body)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(Problem.parse(await response.json()).code).toBe(code)
  })

  test('refuses a body of another type', async () => {
    expect((await post('/v1/endpoints/range/predict', '{}', { 'content-type': 'text/plain' })).status).toBe(415)
  })

  test('a row that a new build replaced is used at the next look', async () => {
    await publishFeatureRows(database.db, { KO: [1, 0, 0, 0] }, '2008-05-29')
    await serving.look()
    await publishFeatureRows(database.db, { KO: [4, 0, 0, 0] }, '2008-05-30')
    await serving.look()
    const body = PredictResponse.parse(await (await post('/v1/endpoints/range/predict', { symbols: ['KO'] })).json())
    expect(body.predictions).toMatchObject([{ session: '2008-05-30', value: 2 }])
  })
})

describe('Open Inference Protocol', () => {
  test('tells of server and model', async () => {
    expect(await (await get('/v2')).json()).toEqual({ name: 'quantloop', version: '1.2.3', extensions: [] })
    expect(await (await get('/v2/health/live')).json()).toEqual({ live: true })
    expect(await (await get('/v2/health/ready')).json()).toEqual({ ready: true })
    expect(await (await get('/v2/models/range/ready')).json()).toEqual({ name: 'range', ready: true })
    expect(await (await get('/v2/models/range')).json()).toEqual({
      name: 'range',
      versions: ['range@1'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [
        { name: 'prediction', datatype: 'FP32', shape: [-1, 1] },
        { name: 'prediction_id', datatype: 'BYTES', shape: [-1, 1] },
      ],
      parameters: { feature_hash: featureHash, missing: 'refuse', revision: 1 },
    })
  })

  test('answers rows, flat or nested, in either width, and logs them by value', async () => {
    for (const [data, datatype] of [
      [[1, 1, 1, 1, 2, 0, -0, 4], 'FP32'],
      [
        [
          [1, 1, 1, 1],
          [2, 0, -0, 4],
        ],
        'FP64',
      ],
    ]) {
      const response = await post('/v2/models/range/infer', { id: 'q-1', ...tensor(data, [2, 4], { datatype }) })
      expect(response.status).toBe(200)
      const body = (await response.json()) as { outputs: { name: string; data: string[] }[] }
      expect(body).toMatchObject({
        model_name: 'range',
        model_version: 'range@1',
        id: 'q-1',
        parameters: { revision: 1, stale: false },
        outputs: [
          { name: 'prediction', shape: [2, 1], datatype: 'FP32', data: [1.75, 2] },
          { name: 'prediction_id', shape: [2, 1], datatype: 'BYTES' },
        ],
      })
      expect(await shipped(body.outputs[1]!.data[1]!)).toMatchObject({
        value: 2,
        input: { kind: 'tensor', values: [2, 0, 0, 4], sha256: sha256OfRow([2, 0, 0, 4]) },
      })
    }
  })

  test('null is a missing value', async () => {
    const ids = async (response: Response) => ((await response.json()) as { outputs: { data: string[] }[] }).outputs[0]!.data
    const [id] = await ids(
      await post('/v2/models/trees/infer', { ...tensor([1, null, 1, 1], [1, 4]), outputs: [{ name: 'prediction_id' }] }),
    )
    expect(await shipped(id!)).toMatchObject({ input: { values: [1, null, 1, 1], sha256: sha256OfRow([1, Number.NaN, 1, 1]) } })
    expect((await post('/v2/models/range/infer', tensor([1, null, 1, 1], [1, 4]))).status).toBe(400)
  })

  test.each<[string, unknown, string]>([
    ['another shape', tensor([1, 2, 3], [1, 3]), 'has the shape [1, 3], expected [rows, 4]'],
    ['no row', tensor([], [0, 4]), 'at least one row'],
    ['too many rows', tensor([], [1001, 4]), 'at most 1000'],
    ['fewer values than the shape', tensor([1, 2, 3], [1, 4]), 'has 3 values, its shape asks for 4'],
    ['another datatype', tensor([1, 2, 3, 4], [1, 4], { datatype: 'INT64' }), 'the datatype INT64, expected FP32 or FP64'],
    ['text in the data', tensor([1, 2, 'NaN', 4], [1, 4]), 'the value 2 of the input "features" is "NaN"'],
    ['a number beyond float32', tensor([1, 2, 1e39, 4], [1, 4], { datatype: 'FP64' }), 'row 0: the feature RSI14 is Infinity'],
    ['another input', tensor([1, 2, 3, 4], [1, 4], { name: 'x' }), 'the inputs are x, expected exactly "features"'],
    ['another output', { ...tensor([1, 2, 3, 4], [1, 4]), outputs: [{ name: 'variance' }] }, 'no output "variance"'],
    ['other features', { ...tensor([1, 2, 3, 4], [1, 4]), parameters: { feature_hash: 'f'.repeat(64) } }, 'parameter feature_hash'],
    ['binary data', tensor([], [1, 4], { parameters: { binary_data_size: 16 } }), 'binary tensor data is not supported'],
    ['no inputs', {}, 'inputs: '],
    ['a list', [], 'body: '],
    ['no JSON', '{"inputs":', 'the body is no JSON'],
  ])('refuses %s with an error object and 400', async (_, body, message) => {
    const response = await post('/v2/models/range/infer', body)
    expect(response.status).toBe(400)
    const refusal = (await response.json()) as { error: string }
    expect(Object.keys(refusal)).toEqual(['error'])
    expect(refusal.error).toContain(message)
  })

  test('an unknown model or version is an error object and 404', async () => {
    for (const path of ['/v2/models/nowhere', '/v2/models/nowhere/ready', '/v2/models/range/versions/range@2', '/v2/nothing']) {
      const response = await get(path)
      expect(response.status).toBe(404)
      expect(Object.keys((await response.json()) as object)).toEqual(['error'])
    }
    expect((await get('/v2/models/range/versions/range@1')).status).toBe(200)
  })

  test('a body beyond the limit is refused, also when its length is not told', async () => {
    const chunk = new TextEncoder().encode('['.repeat(2 ** 20))
    let sent = 0
    const body = new ReadableStream({ pull: (controller) => (sent++ < 20 ? controller.enqueue(chunk) : controller.close()) })
    const init: RequestInit & { duplex: string } = {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
      duplex: 'half',
    }
    const response = await serving.app.request('/v2/models/range/infer', init)
    expect(response.status).toBe(413)
    expect(sent).toBeLessThan(15)
  })
})

describe('what a model may not do', () => {
  test('an answer that is not finite is refused at warming', async () => {
    await registerVersion(database.db, store.objects, 'broken', { onnx: 'constant-nan' })
    const deployment = await deployVersion(database.db, store.objects, 'broken', { name: 'broken', version: 1 })
    await serving.look()
    const [lease] = await database.db.select().from(servingLease).where(eq(servingLease.replicaId, serving.replica.replicaId))
    expect(lease?.refusal.broken).toMatchObject({
      revision: deployment.revision,
      reason: expect.stringContaining('the model answered NaN for AAPL'),
    })
    expect(lease?.ready.broken).toBeUndefined()
    await deployment.activate()
    await serving.look()
    const response = await post('/v1/endpoints/broken/predict', { symbols: ['AAPL'] })
    expect(Problem.parse(await response.json())).toMatchObject({
      code: 'endpoint_not_ready',
      detail: expect.stringContaining('answered NaN'),
    })
  })

  test('an answer that is not finite is never given', async () => {
    // finite rows whose answer overflows float32
    const huge = 3e38
    const response = await post('/v2/models/range/infer', tensor([huge, -huge, huge, huge], [1, 4]))
    expect(response.status).toBe(500)
    expect(await response.json()).toEqual({ error: expect.stringContaining('the model answered Infinity for row 0') })
  })
})

describe('a swap', () => {
  test('prepares beside, switches between requests, and a request keeps its version', async () => {
    const { db } = database
    const endpoint = `swap-${randomUUID().slice(0, 8)}`
    await registerVersion(db, store.objects, endpoint, { missing: 'refuse' })
    await registerVersion(db, store.objects, endpoint, { version: 2, onnx: 'lightgbm' })
    await (await deployVersion(db, store.objects, endpoint, { name: endpoint, version: 1 })).activate()
    await serving.look()
    const next = await deployVersion(db, store.objects, endpoint, { name: endpoint, version: 2 })
    await serving.look()
    const [lease] = await db.select().from(servingLease).where(eq(servingLease.replicaId, serving.replica.replicaId))
    expect([lease?.ready[endpoint], lease?.active[endpoint]]).toEqual([2, 1])

    const held = serving.replica.routes.hold(endpoint)
    await next.activate()
    await serving.look()
    expect(PredictResponse.parse(await (await post(`/v1/endpoints/${endpoint}/predict`, { symbols: ['AAPL'] })).json())).toMatchObject({
      model: { version: 2 },
      revision: 2,
    })
    // the old one still answers him who holds it, and is freed when he lets go
    expect(await held.model.predict(Float32Array.of(1, 1, 1, 1), 1)).toEqual(Float32Array.of(1.75))
    // what answered before is kept for a rollback, until a third version has come
    await (await deployVersion(db, store.objects, endpoint, { name: endpoint, version: 2 })).activate()
    await serving.look()
    expect(await held.model.predict(Float32Array.of(1, 1, 1, 1), 1)).toEqual(Float32Array.of(1.75))
    held.let()
    await expect(held.model.predict(Float32Array.of(1, 1, 1, 1), 1)).rejects.toThrow('released')
  })
})

test('metrics name routes, predictions and the log', async () => {
  await post('/v1/endpoints/range/predict', { symbols: ['AAPL'] })
  const text = await (await get('/metrics')).text()
  expect(text).toMatch(
    /quantloop_serving_request_seconds_count\{method="POST",route="\/v1\/endpoints\/:name\/predict",status="200"\} [1-9]/,
  )
  expect(text).toMatch(/quantloop_serving_predictions_total\{endpoint="range",model="range",version="1",arm="active"\} [1-9]/)
  expect(text).toMatch(/quantloop_serving_log_bytes [1-9]/)
  expect(text).toContain('quantloop_serving_stale{endpoint="range"} 0')
})
