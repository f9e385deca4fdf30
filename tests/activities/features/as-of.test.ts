/** Builds of what was known at a time, over real landings in the real store. */
import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createFeatureBuildActivities } from '#activities/features.ts'
import { computeShards, type ShardsResult } from '#activities/features/compute-shards.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { FeatureBuildManifest, type BuildInput, type FeatureSet, type LabelDefinition } from '#contracts/features.ts'
import { featureRow, headMove } from '#db/schema.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { snapshotKnownAt } from '#db/queries/snapshot-known-at.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import '#tests/support/property-seed.ts'
import { type AskedRun, watchedPool } from '#tests/support/watched-pool.ts'

const label: LabelDefinition = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' }
const definition = definitionHash(technical, label)

let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let threads: ThreadPool
const asked: AskedRun[] = []
const pool = watchedPool(
  () => threads,
  (runs) => void asked.push(...runs),
)

beforeAll(async () => {
  database = await testDatabase()
  store = await testObjectStore()
  threads = createThreadPool(1)
})
afterAll(async () => {
  await threads?.close()
  await store?.drop()
  await database?.drop()
})
beforeEach(() => void (asked.length = 0))

const world = () => ({ db: database.db, objects: store.objects })

/** Lands at a time of the test's choosing, as the history of the head has it. */
async function land(dataset: string, at: string, bars: readonly BarColumns[]): Promise<string> {
  const { id } = await landSnapshot(world(), dataset, bars)
  const sequence = (await database.db.$count(headMove, eq(headMove.dataset, dataset))) + 1
  await database.db.insert(headMove).values({ dataset, sequence, snapshotId: id, kind: 'land', by: 'tests', commandId: randomUUID(), at })
  return id
}

async function build(dataset: string, asOf?: string, snapshotId?: string, featureSet: FeatureSet = technical) {
  const definition = definitionHash(featureSet, label)
  const id = snapshotId ?? (await snapshotKnownAt(database.db, dataset, asOf!))!
  const input: BuildInput = {
    buildId: buildIdOf(definition, id, asOf),
    definitionHash: definition,
    snapshotId: id,
    ...(asOf === undefined ? {} : { asOf }),
    dataset,
    featureSet,
    label,
    origin: { by: 'tester', bodySha256: '0'.repeat(64) },
  }
  const activities = createFeatureBuildActivities(world())
  await activities.openFeatureBuild(input)
  const { snapshot, batches } = await activities.planFeatureBuild(input)
  const results: ShardsResult[] = []
  for (const groups of batches)
    results.push(await computeShards({ ...world(), pool }, { snapshot, asOf, groups, featureSet, label }, new AbortController().signal))
  const manifest = await activities.publishFeatureBuild(input, results)
  return {
    id: input.buildId,
    manifest: FeatureBuildManifest.parse(JSON.parse(new TextDecoder().decode(await store.objects.get(manifest)))),
    ref: manifest,
    input,
  }
}

const close = (bars: BarColumns, row: number, by: number): BarColumns => ({
  ...bars,
  close: bars.close.map((value, at) => (at === row ? value * by : value)),
})

it('of a universe has its members until their listing ended, as far as that was known', async () => {
  const market = [walkBars('AAA', 80, 1), walkBars('BBB', 80, 2)]
  const { sessions, knownAt } = market[0]!
  const spans = ['AAA', 'BBB'].map((symbol) => ({ symbol, from: '2000-01-03', to: '2099-12-31' }))
  const ended: CorporateAction = { symbol: 'BBB', exDate: sessions[50]!, kind: 'delisting', knownAt: knownAt[70]!, basis: 'given' }
  const { id } = await landSnapshot(world(), 'ended', market, [ended], [{ name: 'large', spans }])
  const rowsAt = async (asOf?: string) => {
    const { manifest } = await build('ended', asOf, id, { ...technical, universe: 'large' })
    expect(manifest.universe).toBe('large')
    return manifest.rows
  }
  expect([await rowsAt(knownAt[59]), await rowsAt(knownAt[70]), await rowsAt()]).toEqual([2 * 60, 71 + 50, 80 + 50])
})

it('sees the bars that were known, and no symbol of which none was', async () => {
  const [a, b] = [walkBars('AAA', 80, 1), walkBars('BBB', 80, 2)]
  const id = await land('seen', '2020-01-01T00:00:00Z', [a, { ...b, knownAt: b.knownAt.map(() => '2019-01-01T00:00:00.000Z') }])
  const asOf = a.knownAt[59]!
  const { manifest } = await build('seen', asOf)
  expect(manifest).toMatchObject({ snapshotId: id, asOf, rows: 60, sessions: a.sessions.slice(0, 60) })
  expect(manifest.shards.map(({ symbols, rows }) => [symbols.join(), rows])).toEqual([
    ['AAA', 22],
    ['AAA', 20],
    ['AAA', 18],
  ])
  expect(await findFeatureBuild(database.db, buildIdOf(definition, id, asOf))).toMatchObject({ state: 'ready', asOf, rows: 60 })
})

it('is the same build whatever lands afterwards: restated bars, other symbols, a shorter history', async () => {
  const asOf = '2007-06-01T00:00:00.000Z'
  const base = [walkBars('PAA', 70, 3), walkBars('PBB', 70, 4)]
  const change = fc.record({
    row: fc.integer({ min: 0, max: 69 }),
    by: fc.double({ min: 0.5, max: 1.5, noNaN: true }),
    symbols: fc.constantFrom(1, 2, 3),
    days: fc.integer({ min: 1, max: 900 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), fc.boolean(), async (changes, landedBefore) => {
      const dataset = `p-${randomUUID()}`
      // without a landing by then it is the first one that counts
      const first = landedBefore ? '2007-05-31T00:00:00Z' : '2026-01-01T00:00:00Z'
      await land(dataset, first, base)
      const before = await build(dataset, asOf)
      for (const { row, by, symbols, days } of changes) {
        const restated = [...base.map((bars) => close(bars, row, by)), walkBars('PCC', 40, 9)].slice(0, symbols)
        await land(dataset, new Date(Date.parse(first) + (days + 1) * 86_400_000).toISOString(), restated)
      }
      const after = await build(dataset, asOf)
      expect([after.id, after.ref]).toEqual([before.id, before.ref])
      expect(after.manifest.shards.map(({ object }) => object)).toEqual(before.manifest.shards.map(({ object }) => object))
    }),
    { numRuns: 4 },
  )
})

it('starts from the head of its time, also where the head had gone back to an earlier snapshot', async () => {
  const [one, two] = [[walkBars('HAA', 60, 5)], [walkBars('HAA', 70, 5)]]
  const first = await land('heads', '2020-01-01T00:00:00Z', one)
  const second = await land('heads', '2020-01-02T00:00:00Z', two)
  await land('heads', '2020-01-03T00:00:00Z', one)
  const at = (asOf: string) => snapshotKnownAt(database.db, 'heads', asOf)
  expect(
    await Promise.all(['2019-12-31', '2020-01-01', '2020-01-02', '2020-01-03', '2021-01-01'].map((day) => at(`${day}T00:00:00.000Z`))),
  ).toEqual([first, first, second, first, first])
  expect(await snapshotKnownAt(database.db, 'nothing-landed', '2020-01-01T00:00:00.000Z')).toBeUndefined()
})

it('shares its columns with every build that sees the same content', async () => {
  const bars = [walkBars('SAA', 80, 6)]
  const snapshotId = await land('shared', '2020-01-01T00:00:00Z', bars)
  const whole = await build('shared', undefined, snapshotId)
  asked.length = 0
  const late = await build('shared', '2019-01-01T00:00:00.000Z')
  expect(asked).toEqual([])
  expect(late.id).not.toBe(whole.id)
  expect(late.manifest.shards).toEqual(whole.manifest.shards)

  const early = await build('shared', bars[0]!.knownAt[50])
  const first = asked.length
  expect(first).toBeGreaterThan(0)
  const same = await build('shared', new Date(Date.parse(bars[0]!.knownAt[50]!) + 60_000).toISOString())
  expect(asked).toHaveLength(first)
  expect(same.id).not.toBe(early.id)
  expect(same.manifest.shards).toEqual(early.manifest.shards)
})

it('leaves the online rows as they are, and is ready without any', async () => {
  const bars = [walkBars('OAA', 80, 7)]
  const snapshotId = await land('online', '2020-01-01T00:00:00Z', bars)
  const online = () => database.db.select().from(featureRow)
  const before = await online()
  const { input, ref } = await build('online', '2019-01-01T00:00:00.000Z')
  expect(await online()).toEqual(before)
  await expect(createFeatureBuildActivities(world()).openFeatureBuild(input)).resolves.toEqual(ref)
  await build('online', undefined, snapshotId)
  const served = await online()
  await build('online', bars[0]!.knownAt[70])
  expect(await online()).toEqual(served)
})

it('says so when nothing was known yet', async () => {
  await land('nothing', '2020-01-01T00:00:00Z', [walkBars('NAA', 60, 8)])
  await expect(build('nothing', '2006-01-01T00:00:00.000Z')).rejects.toMatchObject({
    code: 'snapshot_not_found',
    message: expect.stringContaining('was known at 2006-01-01T00:00:00.000Z'),
  })
})
