import { createHash, randomUUID } from 'node:crypto'
import { tableFromIPC } from 'apache-arrow'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFeatureBuildActivities } from '#activities/features.ts'
import { computeShards, type ShardsResult } from '#activities/features/compute-shards.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { FeatureBuildManifest, type BuildInput, type FeatureSet, type LabelDefinition } from '#contracts/features.ts'
import { closeCollection, openCollection } from '#db/commands/record-collection.ts'
import { dataset as datasets, featureBuild, featureRow } from '#db/schema.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { computeColumns, computeFeatures } from '#domain/features/compute-features.ts'
import { computeMarket } from '#domain/features/compute-market.ts'
import { readFeatures, readLabel } from '#domain/features/definitions.ts'
import { buildInputOf, computeBuild } from '#tests/support/build-features.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot, type LandedSnapshot } from '#tests/support/snapshot.ts'
import { type AskedRun, watchedPool } from '#tests/support/watched-pool.ts'

const label: LabelDefinition = {
  expression: 'Log(Ref($high,-1)/Ref($low,-1)-1+0.001)',
  persistence: 'Log(Mean($high/$low-1,5)+0.001)',
  kind: 'time-series',
}
const bars = [walkBars('AAA', 90, 1), walkBars('BBB', 75, 2), walkBars('CCC', 90, 3)]
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
let threads: ThreadPool
const asked: AskedRun[] = []
/** The real pool, counting what it is asked. */
const pool = watchedPool(
  () => threads,
  (runs) => void asked.push(...runs),
)

beforeAll(async () => {
  database = await testDatabase()
  store = await testObjectStore()
  threads = createThreadPool(2)
})
afterAll(async () => {
  await threads.close()
  await store.drop()
  await database.drop()
})
beforeEach(() => void (asked.length = 0))

const inputOf = (snapshot: LandedSnapshot, dataset: string, featureSet: FeatureSet = technical): BuildInput =>
  buildInputOf({ snapshot, dataset, featureSet, label })

const activities = () => createFeatureBuildActivities({ db: database.db, objects: store.objects })

/** What the workflow does, without the workflow. */
async function build(input: BuildInput) {
  const world = { db: database.db, objects: store.objects, pool }
  await activities().openFeatureBuild(input)
  const { snapshot, batches } = await activities().planFeatureBuild(input)
  const results: ShardsResult[] = []
  for (const [batch, groups] of batches.entries()) {
    const progress = { buildId: input.buildId, batch }
    results.push(
      await computeShards(world, { progress, snapshot, groups, featureSet: input.featureSet, label }, new AbortController().signal),
    )
  }
  const ref = await activities().publishFeatureBuild(input, results)
  const manifest = FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(ref))))
  return { ref, manifest, row: (await findFeatureBuild(database.db, input.buildId))! }
}

/** The rows of one symbol, put together from its shards, by column; and the columns' names in order. */
async function readSymbol(manifest: FeatureBuildManifest, symbol: string) {
  const shards = manifest.shards.filter(({ symbols }) => symbols.includes(symbol))
  const tables = await Promise.all(shards.map(async ({ object }) => tableFromIPC(await store.objects.get(object))))
  const names = tables[0]!.schema.fields.map(({ name }) => name)
  const ofSymbol = (table: (typeof tables)[number]) => [...table.getChild('symbol')!].flatMap((each, row) => (each === symbol ? [row] : []))
  const column = (name: string) =>
    Float32Array.from(tables.flatMap((table) => ofSymbol(table).map((row) => table.getChild(name)!.get(row) as number)))
  return { names, column, rows: tables.reduce((sum, table) => sum + ofSymbol(table).length, 0) }
}

describe('a build', () => {
  it('holds each symbol’s features, label and persistence as computed from its adjusted bars', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'content', bars, [split])
    const { manifest, row } = await build(inputOf(snapshot, 'content'))

    expect(manifest).toMatchObject({ rows: 255, label: { reach: 1 }, sessions: bars[0]!.sessions })
    expect(manifest.shards.map(({ symbols, firstSession, lastSession }) => [symbols.join(), firstSession, lastSession])).toEqual([
      ['AAA,BBB,CCC', '2007-01-02', '2007-01-31'],
      ['AAA,BBB,CCC', '2007-02-01', '2007-02-28'],
      ['AAA,BBB,CCC', '2007-03-01', '2007-03-30'],
      ['AAA,BBB,CCC', '2007-04-02', '2007-04-30'],
      ['AAA,CCC', '2007-05-01', '2007-05-07'],
    ])
    expect(row).toMatchObject({ state: 'ready', rows: 255, columns: technical.features.length, cacheHitRatio: 0 })

    for (const each of bars) {
      const found = await readSymbol(manifest, each.symbol)
      const names = [...technical.features.map(({ name }) => name), 'label', 'persistence']
      expect(found.names).toEqual(['symbol', 'session', ...names])
      const read = readLabel(label)
      const expected = [
        ...computeFeatures(technical, each, [split]),
        ...computeColumns([read.expression, read.persistence.expression], each, [split]),
      ]
      expect(names.map((name) => [name, found.column(name)])).toEqual(names.map((name, column) => [name, expected[column]]))
      expect(found.column('label').at(-1)).toBeNaN()
      expect(found.column('label')[0]).not.toBeNaN()
    }
  })

  it('holds across symbols what whole histories of the market give, whatever groups and slices it is computed in', async () => {
    const across: FeatureSet = {
      name: 'across',
      version: 1,
      description: '',
      features: [
        { name: 'rank', expression: 'CSRank($close/Ref($close,5))' },
        { name: 'smooth', expression: 'Mean(CSRank($close/Ref($close,5)),10)' },
        { name: 'nested', expression: 'CSZScore(EMA(CSRobustZScore($volume),6)-Mean($close,3))' },
        { name: 'own', expression: '$close/Ref($close,1)' },
      ],
    }
    const ranked: LabelDefinition = { expression: 'CSZScore(Ref($close,-2)/Ref($close,-1)-1)', kind: 'cross-sectional' }
    // two groups; some begin late, some end early
    const market = Array.from({ length: 120 }, (_, at) => {
      const whole = walkBars(`S${String(at).padStart(3, '0')}`, 280, 300 + at)
      return sliceBars(whole, at % 7 === 0 ? 200 : 0, at % 5 === 0 ? 260 : 280)
    })
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'across', market)
    const world = { db: database.db, objects: store.objects, pool }
    const input = buildInputOf({ snapshot, dataset: 'across', featureSet: across, label: ranked })
    await activities().openFeatureBuild(input)
    const plan = await activities().planFeatureBuild(input)
    expect([plan.batches.flat().length, plan.crossings]).toEqual([2, [2, 1]])
    const { results, counts } = await computeBuild(world, { ...plan, featureSet: across, label: ranked })
    const ref = await activities().publishFeatureBuild(input, results, counts)
    const manifest = FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(ref))))

    const { expression, persistence } = readLabel(ranked)
    const asked = [...readFeatures(across.features).map((feature) => feature.expression), expression, persistence.expression]
    const names = [...across.features.map(({ name }) => name), 'label', 'persistence']
    const symbols = new Set(market.map(({ symbol }) => symbol))
    const expected = await computeMarket(
      asked,
      market.map((each) => ({ bars: each, actions: [] })),
      symbols,
    )
    for (const symbol of symbols) {
      const found = await readSymbol(manifest, symbol)
      expect([symbol, ...names.map((name) => found.column(name))]).toEqual([symbol, ...expected.get(symbol)!])
    }
    // a build from nothing took nothing from a cache, and its repetition everything
    expect((await findFeatureBuild(database.db, input.buildId))?.cacheHitRatio).toBe(0)
    const again = await computeBuild(world, { ...plan, featureSet: across, label: ranked })
    for (const { asked: all, cached } of [...again.results, ...again.counts]) expect(cached).toBe(all)
    expect(again.results.map(({ shards }) => shards)).toEqual(results.map(({ shards }) => shards))
  })

  it('tells how many of its shards are there as they are stored, and from the start how many there will be', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'progress', [
      walkBars('PPP', 90, 5),
      walkBars('QQQ', 80, 6),
    ])
    const input = inputOf(snapshot, 'progress')
    await activities().openFeatureBuild(input)
    const shardsNow = async () => (await findFeatureBuild(database.db, input.buildId))!.shards
    expect(await shardsNow()).toBeNull()
    const { batches } = await activities().planFeatureBuild(input)
    expect(await shardsNow()).toEqual({ done: 0, total: 5 })
    const progress = { buildId: input.buildId, batch: 0 }
    const asked = { progress, snapshot: snapshot.manifest, groups: batches[0]!, featureSet: technical, label }
    // the third shard finds no room in the store
    let puts = 0
    const full = {
      ...store.objects,
      put: async (...put: Parameters<typeof store.objects.put>) => {
        if (put[1] === 'arrow' && ++puts === 3) throw new Error('no room')
        return await store.objects.put(...put)
      },
    }
    const world = { db: database.db, objects: store.objects, pool }
    await expect(computeShards({ ...world, objects: full }, asked, new AbortController().signal)).rejects.toThrow('no room')
    expect(await shardsNow()).toEqual({ done: 2, total: 5 })
    // what is done again does not go back
    await computeShards(world, asked, new AbortController().signal)
    expect(await shardsNow()).toEqual({ done: 5, total: 5 })
    expect((await build(input)).row).toMatchObject({ state: 'ready', shards: { done: 5, total: 5 } })
  })

  it('puts the newest row of each symbol online, with the hash of its bytes', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'online', bars)
    const { manifest, row } = await build(inputOf(snapshot, 'online'))
    const online = (await database.db.select().from(featureRow)).filter(({ dataset }) => dataset === 'online')
    expect(online.map(({ symbol, session }) => `${symbol} ${session}`).sort()).toEqual(
      bars.map(({ symbol, sessions }) => `${symbol} ${sessions.at(-1)}`),
    )
    for (const { symbol, values, sha256, buildId, featureHash } of online) {
      const found = await readSymbol(manifest, symbol)
      const last = Float32Array.from(technical.features, ({ name }) => found.column(name).at(-1)!)
      expect(new Float32Array(new Uint8Array(values).buffer)).toEqual(last)
      expect(sha256).toBe(createHash('sha256').update(values).digest('hex'))
      expect({ buildId, featureHash }).toEqual({ buildId: row.id, featureHash: manifest.featureHash })
    }
  })

  it('never takes an online row back to an earlier session', async () => {
    const world = { db: database.db, objects: store.objects }
    const newer = await landSnapshot(world, 'forward', bars)
    const older = await landSnapshot(
      world,
      'forward',
      bars.map((each) => until(each, 70)),
    )
    await build(inputOf(newer, 'forward'))
    await build(inputOf(older, 'forward'))
    expect(await onlineSessions('forward')).toEqual(lastSessions(bars))
  })

  it('is put online for each dataset of equal content, snapshot by snapshot', async () => {
    const world = { db: database.db, objects: store.objects }
    const fewer = bars.map((each) => until(each, 60))
    for (const dataset of ['twin-a', 'twin-b'])
      for (const content of [fewer, bars]) {
        const snapshot = await landSnapshot(world, dataset, content)
        await moveHead(dataset, snapshot)
        expect(await activities().openFeatureBuild(inputOf(snapshot, dataset))).toBeNull()
        await build(inputOf(snapshot, dataset))
        expect(await onlineSessions(dataset)).toEqual(lastSessions(content))
        expect(await activities().openFeatureBuild(inputOf(snapshot, dataset))).not.toBeNull()
      }
  })
})

const lastSessions = (bars: readonly BarColumns[]) => bars.map(({ symbol, sessions }) => `${symbol} ${sessions.at(-1)}`)

async function onlineSessions(dataset: string): Promise<string[]> {
  const rows = await database.db.select().from(featureRow).where(eq(featureRow.dataset, dataset))
  return rows.map(({ symbol, session }) => `${symbol} ${session}`).sort()
}

const moveHead = (dataset: string, { id }: LandedSnapshot) =>
  database.db.update(datasets).set({ headSnapshotId: id }).where(eq(datasets.name, dataset))

describe('the online rows of a dataset whose head went back', () => {
  it('are those of the head, whatever other builds end later', async () => {
    const world = { db: database.db, objects: store.objects }
    const newer = await landSnapshot(world, 'back', bars)
    const older = await landSnapshot(
      world,
      'back',
      bars.slice(0, 2).map((each) => until(each, 70)),
    )
    const headTo = (id: string, lastSession: string) =>
      database.db.update(datasets).set({ headSnapshotId: id, lastSession }).where(eq(datasets.name, 'back'))
    await build(inputOf(older, 'back'))
    await headTo(newer.id, bars[0]!.sessions.at(-1)!)
    await build(inputOf(newer, 'back'))
    expect(await onlineSessions('back')).toEqual(lastSessions(bars))
    // the build of the head is ready, and its rows are not online: it is not done
    await headTo(older.id, bars[0]!.sessions[69]!)
    expect(await activities().openFeatureBuild(inputOf(older, 'back'))).toBeNull()
    await build(inputOf(older, 'back'))
    const rolled = lastSessions(bars.slice(0, 2).map((each) => until(each, 70)))
    expect(await onlineSessions('back')).toEqual(rolled)
    expect(await activities().openFeatureBuild(inputOf(older, 'back'))).not.toBeNull()
    // one of the withdrawn snapshot that ends late
    await build(inputOf(newer, 'back'))
    expect(await onlineSessions('back')).toEqual(rolled)
  })
})

describe('shards that are there', () => {
  it('are named again by a build of the same content, and nothing is computed', async () => {
    const world = { db: database.db, objects: store.objects }
    const fresh = [walkBars('RRR', 80, 11), walkBars('SSS', 80, 12)]
    const first = await build(inputOf(await landSnapshot(world, 'repeat-a', fresh), 'repeat-a'))
    asked.length = 0
    // other words for the same features, and so another build
    const spaced = technical.features.map(({ name, expression }) => ({ name, expression: ` ${expression}` }))
    const repeated = inputOf(await landSnapshot(world, 'repeat-b', fresh), 'repeat-b', { ...technical, features: spaced })
    await database.db.delete(featureBuild).where(eq(featureBuild.id, repeated.buildId))
    const second = await build(repeated)
    expect(asked).toEqual([])
    expect(second.manifest.shards).toEqual(first.manifest.shards)
    expect(second.row.cacheHitRatio).toBe(1)
  })

  it('lend their columns to a set that has one more', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'one', [walkBars('UUU', 80, 21)])
    await build(inputOf(snapshot, 'one'))
    asked.length = 0
    const features = technical.features.map((feature) =>
      feature.name === 'rsi_6' ? { ...feature, expression: 'TA_RSI($close, 7)' } : feature,
    )
    const { row, manifest } = await build(inputOf(snapshot, 'one', { ...technical, features }))
    expect(asked.map(({ expressions }) => expressions)).toEqual([['TA_RSI($close,7)']])
    const columns = technical.features.length + 2
    expect(row.cacheHitRatio).toBeCloseTo((columns - 1) / columns, 12)
    expect((await readSymbol(manifest, 'UUU')).column('rsi_6')).toEqual(computeFeatures(features, walkBars('UUU', 80, 21), [])[0])
  })

  it('are computed again from the month on in which a bar or an action is new', async () => {
    const world = { db: database.db, objects: store.objects }
    const before = [walkBars('VVV', 80, 31), walkBars('WWW', 80, 32)]
    const first = await build(inputOf(await landSnapshot(world, 'changed', before), 'changed'))
    const objectsOf = ({ shards }: FeatureBuildManifest) => shards.map(({ object }) => object.sha256)
    const before50 = first.manifest.shards.filter(({ lastSession }) => lastSession < before[1]!.sessions[50]!).length
    const revised = { ...before[1]!, close: before[1]!.close.map((value, row) => (row === 50 ? value + 0.01 : value)) }
    const second = await build(inputOf(await landSnapshot(world, 'changed', [before[0]!, revised]), 'changed'))
    expect(before50).toBe(2)
    expect(objectsOf(second.manifest).map((object, index) => object === objectsOf(first.manifest)[index])).toEqual([
      true,
      true,
      false,
      false,
    ])
    // the label of January's last session reads February's first two, which are before the split
    const acted = await build(inputOf(await landSnapshot(world, 'changed', before, [{ ...split, symbol: 'VVV' }]), 'changed'))
    expect(objectsOf(acted.manifest).map((object, index) => object === objectsOf(first.manifest)[index])).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  it('count as never computed when one is no longer in the store', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'lost', [walkBars('LLL', 80, 33)])
    const input = inputOf(snapshot, 'lost')
    const { manifest } = await build(input)
    await store.objects.remove(manifest.shards[1]!.object.uri)
    await database.db.delete(featureBuild).where(eq(featureBuild.id, input.buildId))
    await expect(build(input)).rejects.toMatchObject({ code: 'object_missing' })
    expect((await build(input)).manifest).toEqual(manifest)
    expect(await store.objects.find(manifest.shards[1]!.object.uri)).toBeDefined()
  })
})

describe('objects that a worker has seen in the store', () => {
  it('are asked for once by the builds that name them, and again when a collection has begun', async () => {
    const asked: string[] = []
    const objects = { ...store.objects, find: (key: string) => (asked.push(key), store.objects.find(key)) }
    const worker = createFeatureBuildActivities({ db: database.db, objects })
    const input = inputOf(await landSnapshot({ db: database.db, objects }, 'seen', [walkBars('SSS', 80, 34)]), 'seen')
    const publish = async () => {
      asked.length = 0
      await worker.openFeatureBuild(input)
      const { snapshot, batches } = await worker.planFeatureBuild(input)
      const shards = { snapshot, groups: batches[0]!, featureSet: input.featureSet, label }
      await worker.publishFeatureBuild(input, [
        await computeShards({ db: database.db, objects, pool }, shards, new AbortController().signal),
      ])
      return asked.length
    }
    const all = await publish()
    expect(all).toBeGreaterThan(2)
    expect(await publish()).toBe(0)
    const collectionId = randomUUID()
    await openCollection(database.db, { collectionId, dryRun: false, graceHours: 1, keepDays: 1, origin: { by: 'tests', bodySha256: '' } })
    expect([await publish(), await publish()]).toEqual([all, all])
    await closeCollection(database.db, collectionId, { state: 'done', failure: null })
    expect([await publish(), await publish()]).toEqual([all, 0])
  })
})

describe('a build that cannot be', () => {
  it('names the snapshot that the dataset lacks', async () => {
    const snapshot = { id: 'f'.repeat(64), manifest: { uri: '', sha256: '', bytes: 0 } }
    await expect(activities().planFeatureBuild(inputOf(snapshot, 'nowhere'))).rejects.toMatchObject({ code: 'snapshot_not_found' })
  })

  it('names the feature and the character of a faulty expression', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'faulty', [walkBars('XXX', 10, 41)])
    const input = inputOf(snapshot, 'faulty')
    const featureSet = { ...technical, features: [{ name: 'ahead', expression: 'Ref($close,-1)' }] }
    await expect(activities().planFeatureBuild({ ...input, featureSet })).rejects.toThrow(
      /feature ahead: this looks 1 session ahead.*character 1/,
    )
    const unknown = { ...technical, features: [{ name: 'vwap', expression: '$vwap/$close' }] }
    await expect(activities().planFeatureBuild({ ...input, featureSet: unknown })).rejects.toMatchObject({ code: 'feature_column_absent' })
  })

  it('names the feature of which too much is infinite, how much, and where it begins; a set that allows it is built', async () => {
    const idle = walkBars('III', 60, 42)
    // volumes of 0 are divided by on the next row
    for (const row of [9, 30]) idle.volume[row] = 0
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'infinite', [idle, walkBars('JJJ', 60, 43)])
    const features = [{ name: 'growth', expression: '$volume/Ref($volume,1)' }]
    const strict: FeatureSet = { ...technical, name: 'own', features }
    const input = inputOf(snapshot, 'infinite', strict)
    await expect(build(input)).rejects.toMatchObject({
      code: 'feature_not_finite',
      message: `growth is infinite on 2 of 120 rows (1.67 %), first of III on ${idle.sessions[10]}: own may have 1 %. Change the expression, or the set's limits.infinite`,
    })
    expect((await findFeatureBuild(database.db, input.buildId))?.manifest).toBeNull()
    // its shards are there, and are judged by what was counted when they were computed
    asked.length = 0
    const allowed = inputOf(snapshot, 'infinite', { ...strict, limits: { infinite: 0.02, missing: 0 } })
    expect(allowed.buildId).not.toBe(input.buildId)
    expect((await build(allowed)).row).toMatchObject({ state: 'ready', cacheHitRatio: 1 })
    expect(asked).toEqual([])
    const tooShort = inputOf(snapshot, 'infinite', { ...strict, limits: { infinite: 0.0166 } })
    await expect(build(tooShort)).rejects.toMatchObject({ code: 'feature_not_finite' })
  })

  it('gives up between two symbols when it is cancelled', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'cancelled', [walkBars('YYY', 80, 51)])
    const cancelled = AbortSignal.abort(new Error('paused'))
    const input = { snapshot: snapshot.manifest, groups: [{ group: 0, symbols: ['YYY'] }], featureSet: technical, label }
    await expect(computeShards({ db: database.db, objects: store.objects, pool }, input, cancelled)).rejects.toThrow('paused')
    expect(asked).toEqual([])
  })

  it('keeps the shards that it had computed by then', async () => {
    const snapshot = await landSnapshot({ db: database.db, objects: store.objects }, 'kept', [
      walkBars('KAA', 80, 61),
      walkBars('KBB', 80, 62),
    ])
    const world = { db: database.db, objects: store.objects }
    const input = {
      snapshot: snapshot.manifest,
      groups: [
        { group: 0, symbols: ['KAA'] },
        { group: 1, symbols: ['KBB'] },
      ],
      featureSet: technical,
      label,
    }
    const pausing = new AbortController()
    const interrupted = watchedPool(
      () => pool,
      () => pausing.abort(new Error('paused')),
    )
    await expect(computeShards({ ...world, pool: interrupted }, input, pausing.signal)).rejects.toThrow('paused')
    const after = await computeShards({ ...world, pool }, input, new AbortController().signal)
    expect([...new Set(asked.map(({ symbol }) => symbol))]).toEqual(['KAA', 'KBB'])
    expect(after.cached).toBe(after.asked / 2)
  })
})

function until(each: BarColumns, rows: number): BarColumns {
  const cut = (column: Float64Array) => column.slice(0, rows)
  const { open, high, low, close, volume } = each
  return {
    ...each,
    sessions: each.sessions.slice(0, rows),
    knownAt: each.knownAt.slice(0, rows),
    open: cut(open),
    high: cut(high),
    low: cut(low),
    close: cut(close),
    volume: cut(volume),
  }
}
