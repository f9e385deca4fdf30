import { randomUUID } from 'node:crypto'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { eq } from 'drizzle-orm'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createThreadPool } from '#activities/features/thread-pool.ts'
import { createTraceActivities } from '#activities/trace.ts'
import { FeatureBuildManifest, type FeatureSet } from '#contracts/features.ts'
import type { ModelSidecar } from '#contracts/models.ts'
import { type PredictionRecord, PredictResponse, type Trace, type TraceLink } from '#contracts/predictions.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { findPrediction } from '#db/queries/predictions.ts'
import { prediction } from '#db/schema.ts'
import { featureHash } from '#domain/features/definitions.ts'
import { shipPredictions } from '#serving/prediction-log/ship-predictions.ts'
import { readManifest } from '#storage/snapshot-manifest.ts'
import { buildFeatures } from '#tests/support/build-features.ts'
import { walkBars } from '#tests/support/bars.ts'
import { type BarColumns, joinBars, sliceBars } from '#domain/market/bars.ts'
import { registerVersion } from '#tests/support/model-version.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot, type LandedSnapshot } from '#tests/support/snapshot.ts'
import { deployVersion, issueKey, servingApp } from '#tests/serving/serving-app.ts'

const set: FeatureSet = {
  name: 'four',
  version: 1,
  description: 'one of each kind: a window, one across symbols, a recursive one, a window over ranks',
  features: [
    { name: 'MA5', expression: 'Mean($close,5)/$close' },
    { name: 'STD20', expression: 'CSZScore(Std($close,20)/$close)' },
    { name: 'RSI14', expression: 'TA_RSI($close,14)' },
    { name: 'VOLUME5', expression: 'Mean(CSRank($volume/Mean($volume,5)),3)-TA_SMA($close,4)/$close' },
  ],
}
const label = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' as const }
/** Suspended on three sessions of its last week. */
const suspended = (bars: BarColumns) => joinBars(sliceBars(bars, 0, 84), sliceBars(bars, 87, bars.sessions.length))
const bars = [walkBars('AAA', 120, 1), suspended(walkBars('BBB', 90, 2))]
const split = {
  symbol: 'BBB',
  exDate: bars[1]!.sessions[40]!,
  kind: 'split',
  ratio: 2,
  knownAt: '2007-01-01T00:00:00Z',
  basis: 'given',
} as const

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let serving: Awaited<ReturnType<typeof servingApp>>
let client: Client
let key: string
let snapshot: LandedSnapshot
let manifest: FeatureBuildManifest
let version: Awaited<ReturnType<typeof registerVersion>>
let bySymbol: PredictionRecord
let byTensor: PredictionRecord

/** What the workflows do before a prediction, without workflows: a snapshot, its features, a model, an endpoint. */
beforeAll(async () => {
  ;[database, store] = await Promise.all([testDatabase(), testObjectStore()])
  const { hostname, port } = new URL(store.config.endpoint)
  client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...store.config })
  const { db } = database
  const { objects } = store
  snapshot = await landSnapshot({ db, objects }, 'walk', bars, [split])
  const buildId = await built('walk', snapshot, set)
  const { manifest: ref } = (await findFeatureBuild(db, buildId))!
  manifest = FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(await objects.get(ref!))))
  version = await registerVersion(db, objects, 'walk', { onnx: 'lightgbm', trainedOn: await trainedOn('walk', snapshot, buildId, set) })
  await (await deployVersion(db, objects, 'walk', { name: 'walk', version: 1 })).activate()
  key = await issueKey(db)
  serving = await servingApp({ db, objects })
  await serving.look()
  const answered = PredictResponse.parse(await (await post('/v1/endpoints/walk/predict', { symbols: ['BBB'] })).json())
  const inferred = (await (
    await post('/v2/models/walk/infer', { inputs: [{ name: 'features', datatype: 'FP32', shape: [1, 4], data: [1, null, 55.5, -0] }] })
  ).json()) as { outputs: { data: string[] }[] }
  await shipPredictions(db, serving.log)
  bySymbol = (await findPrediction(db, answered.predictions[0]!.predictionId))!
  byTensor = (await findPrediction(db, inferred.outputs[1]!.data[0]!))!
})
async function built(dataset: string, snapshot: LandedSnapshot, featureSet: FeatureSet): Promise<string> {
  const pool = createThreadPool(1)
  const buildId = await buildFeatures({ db: database.db, objects: store.objects, pool }, { snapshot, dataset, featureSet, label })
  await pool.close()
  return buildId
}

const trainedOn = async (dataset: string, { id: snapshotId }: LandedSnapshot, buildId: string, featureSet: FeatureSet) => ({
  dataset,
  featureHash: featureHash(featureSet),
  buildId,
  snapshotId,
  featureOrder: featureSet.features.map(({ name }) => name),
  fitReport: await store.objects.put(Buffer.from('{"rounds":40}'), 'json'),
})

const post = (path: string, body: object) =>
  serving.app.request(path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

afterAll(async () => {
  await serving.close()
  await Promise.all([database.drop(), store.drop()])
})

const trace = (predictionId: string): Promise<Trace> =>
  new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') }).run(
    createTraceActivities({ db: database.db, objects: store.objects }).verifyPrediction,
    {
      traceId: randomUUID(),
      predictionId,
      by: 'tests',
    },
  )

test('a prediction by symbol leads back to its bars, and everything on the way is computed again', async () => {
  const found = await trace(bySymbol.id)
  expect(found).toMatchObject({
    verified: true,
    runId: version.runId,
    buildId: version.buildId,
    snapshotId: snapshot.id,
    onnxSha256: version.onnx.sha256,
    symbol: 'BBB',
    session: bars[1]!.sessions.at(-1),
    // the relative strength index is recursive, so it has read every bar
    bars: { firstSession: bars[1]!.sessions[0], lastSession: bars[1]!.sessions.at(-1), rows: 90, symbols: 2 },
    featuresRecomputed: true,
    recordedValue: bySymbol.value,
    recomputedValue: bySymbol.value,
  })
  expect(found.links.every(({ matches, recordedSha256, actualSha256 }) => matches && recordedSha256 === actualSha256)).toBe(true)
  const kinds: TraceLink['what'][] = [
    'onnx',
    'sidecar',
    'fit-report',
    'build-manifest',
    'snapshot-manifest',
    'snapshot-chunk',
    'snapshot-content',
    'feature-shard',
    'feature-row',
  ]
  expect(new Set(found.links.map(({ what }) => what))).toEqual(new Set(kinds))
})

test('a prediction from raw values leads to its model and what that was trained on', async () => {
  const found = await trace(byTensor.id)
  expect(found).toMatchObject({
    verified: true,
    symbol: null,
    session: null,
    bars: null,
    featuresRecomputed: null,
    recomputedValue: byTensor.value,
    snapshotId: snapshot.id,
  })
  expect(found.links).toContainEqual({
    what: 'prediction',
    name: byTensor.id,
    recordedSha256: byTensor.input.sha256,
    actualSha256: byTensor.input.sha256,
    matches: true,
  })
})

describe('an object altered in the store', () => {
  const shardOf = () => manifest.shards.findLast(({ symbols }) => symbols.includes('BBB'))!.object
  const sidecarOf = async () =>
    JSON.parse(new TextDecoder().decode(await store.objects.get(version.sidecar))) as { fitReport: { uri: string } }
  const buildManifestOf = async () => (await trace(bySymbol.id)).links.find(({ what }) => what === 'build-manifest')!.name
  const chunkOf = async () => (await readManifest(store.objects, snapshot.manifest)).chunks[0]!.object.uri

  test.each<[TraceLink['what'], () => Promise<string> | string]>([
    ['onnx', () => version.onnx.uri],
    ['sidecar', () => version.sidecar.uri],
    ['fit-report', async () => (await sidecarOf()).fitReport.uri],
    ['build-manifest', buildManifestOf],
    ['feature-shard', () => shardOf().uri],
    ['snapshot-manifest', () => snapshot.manifest.uri],
    ['snapshot-chunk', chunkOf],
  ])('%s: its link does not match, whatever the local cache holds, and nothing else is blamed', async (what, uriOf) => {
    const uri = await uriOf()
    const bytes = await bytesOf(uri)
    const altered = Buffer.from(bytes)
    altered.writeUInt8(altered.readUInt8(altered.length >> 1) ^ 1, altered.length >> 1)
    await client.putObject(store.config.bucket, uri, altered)
    try {
      const found = await trace(bySymbol.id)
      expect(found.verified).toBe(false)
      expect(found.links.filter(({ matches }) => !matches)).toMatchObject([{ what, name: uri }])
    } finally {
      await client.putObject(store.config.bucket, uri, bytes)
    }
    expect((await trace(bySymbol.id)).verified).toBe(true)
  })

  test('one that is gone is named', async () => {
    const { uri } = shardOf()
    const bytes = await bytesOf(uri)
    await client.removeObject(store.config.bucket, uri)
    await expect(trace(bySymbol.id)).rejects.toMatchObject({ code: 'object_missing', message: expect.stringContaining(uri) })
    await client.putObject(store.config.bucket, uri, bytes)
  })
})

describe('a row altered in PostgreSQL', () => {
  const altered = async (record: PredictionRecord, change: Partial<typeof prediction.$inferInsert>) => {
    const where = eq(prediction.id, record.id)
    await database.db.update(prediction).set(change).where(where)
    try {
      return await trace(record.id)
    } finally {
      await database.db.update(prediction).set({ value: record.value, input: record.input, onnxSha256: record.onnxSha256 }).where(where)
    }
  }

  test('another value is not what the model answers', async () => {
    expect(await altered(bySymbol, { value: bySymbol.value + 1e-7 })).toMatchObject({
      verified: false,
      featuresRecomputed: true,
      recomputedValue: bySymbol.value,
    })
  })

  test('another input is not what the build holds', async () => {
    if (bySymbol.input.kind !== 'feature-row') throw new Error('not by symbol')
    const found = await altered(bySymbol, { input: { ...bySymbol.input, sha256: 'a'.repeat(64) } })
    expect(found).toMatchObject({ verified: false, featuresRecomputed: false })
    expect(found.links.filter(({ matches }) => !matches).map(({ what }) => what)).toEqual(['feature-row'])
  })

  test('other raw values do not have the recorded hash', async () => {
    if (byTensor.input.kind !== 'tensor') throw new Error('not by tensor')
    const found = await altered(byTensor, { input: { ...byTensor.input, values: [1, null, 55.5, 1] } })
    expect(found.verified).toBe(false)
    expect(found.links.filter(({ matches }) => !matches).map(({ what }) => what)).toEqual(['prediction'])
  })
})

test('of a universe, members are answered and traced by what its members were; who has left is refused', async () => {
  const { db } = database
  const { objects } = store
  const market = [...bars, walkBars('CCC', 120, 3), walkBars('DDD', 120, 4)]
  const { sessions } = bars[0]!
  const spans = [
    ...['AAA', 'CCC'].map((symbol) => ({ symbol, from: '2000-01-03', to: '2099-12-31' })),
    { symbol: 'DDD', from: sessions[10]!, to: sessions[100]! },
  ]
  const index = await landSnapshot({ db, objects }, 'index', market, [split], [{ name: 'large', spans }])
  const large = { ...set, universe: 'large' }
  const buildId = await built('index', index, large)
  const { recipe } = JSON.parse(new TextDecoder().decode(await objects.get(version.sidecar))) as ModelSidecar
  await registerVersion(db, objects, 'index', {
    onnx: 'lightgbm',
    trainedOn: await trainedOn('index', index, buildId, large),
    sidecar: { recipe: { ...recipe, universe: 'large' } },
  })
  await (await deployVersion(db, objects, 'index', { name: 'index', version: 1 })).activate()
  await serving.look()
  const asked = await post('/v1/endpoints/index/predict', { symbols: ['CCC'] })
  const { predictions } = PredictResponse.parse(await asked.json())
  await shipPredictions(db, serving.log)
  const found = await trace(predictions[0]!.predictionId)
  // BBB is never a member, and not read
  expect(found).toMatchObject({ verified: true, session: sessions.at(-1), bars: { symbols: 3 }, featuresRecomputed: true })

  for (const symbol of ['DDD', 'BBB']) {
    const refused = [
      await post('/v1/endpoints/index/predict', { symbols: ['AAA', symbol] }),
      await serving.app.request(`/v1/endpoints/index/features/${symbol}`, { headers: { authorization: `Bearer ${key}` } }),
    ]
    for (const answer of refused)
      expect([answer.status, await answer.json()]).toEqual([
        422,
        expect.objectContaining({
          code: 'feature_row_missing',
          detail: `no feature row of index for ${symbol}: the symbol is no member of the universe large in the newest session that is built, or its features are not built`,
        }),
      ])
  }
})

test('a prediction that nobody knows is not found', async () => {
  await expect(trace(randomUUID())).rejects.toMatchObject({ code: 'not_found' })
})

async function bytesOf(uri: string): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of await client.getObject(store.config.bucket, uri)) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
