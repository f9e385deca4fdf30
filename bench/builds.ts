/**
 * Feature builds day by day, as the activities do them on the real store and database, in a process that runs already:
 * Alpha158 over 300 symbols × 2,500 sessions at once, then a month of daily appends with three sets that overlap, and some
 * with one that remembers everything. The peer is our own full build: a build after an append must cost little of it, and
 * name the same objects as one that computes everything.
 */
import { randomUUID } from 'node:crypto'
import { computeShards } from '#activities/features/compute-shards.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { createFeatureBuildActivities } from '#activities/features.ts'
import { openSnapshot } from '#activities/snapshots.ts'
import { writeChunks } from '#activities/snapshots/write-chunks.ts'
import { describeSymbol, writeSnapshot } from '#activities/snapshots/write-snapshot.ts'
import { groupBy } from '#domain/group-by.ts'
import type { BuildInput } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { dataset as datasets, featureShardCache, snapshot as snapshots } from '#db/schema.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import type { FeatureSet } from '#domain/feature-sets/feature-set.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import { absentColumn, barColumns } from '#domain/features/bar-columns.ts'
import { parse } from '#domain/expressions/parse.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import { inGroups } from '#domain/market/chunk-layout.ts'
import startServers from '#tests/support/global-setup.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { dailyMarket, type Market } from './features/daily-market.ts'
import { type Measurement, measurement, median } from './measurement.ts'

const market = { symbols: 300, sessions: 2500 }
const days = 21
/** further ones, with `technical` */
const laterDays = 5
const threads = 2
const label = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' as const }

const present = alpha158.features.filter(({ expression }) => absentColumn(parse(expression), barColumns) === undefined)
/** Three that have most of their columns in common with another. */
const sets: FeatureSet[] = [
  { ...alpha158, features: present },
  { ...alpha158, name: 'alpha100', features: present.slice(0, 100) },
  { ...technical, name: 'mixed', features: [...technical.features, ...present.slice(40, 140)] },
]

type World = {
  database: Awaited<ReturnType<typeof testDatabase>>
  store: Awaited<ReturnType<typeof testObjectStore>>
  pool: ThreadPool
  activities: ReturnType<typeof createFeatureBuildActivities>
}

export async function benchmark(): Promise<Measurement[]> {
  const stop = await startServers()
  const [database, store] = [await testDatabase(), await testObjectStore()]
  const activities = createFeatureBuildActivities({ db: database.db, objects: store.objects })
  const world: World = { database, store, pool: createThreadPool(threads), activities }
  try {
    return await measure(world)
  } finally {
    await world.pool.close()
    await world.store.drop()
    await world.database.drop()
    await stop?.()
  }
}

async function measure(world: World): Promise<Measurement[]> {
  const whole = dailyMarket(market.symbols, market.sessions + days + laterDays)
  const [set] = sets as [FeatureSet]
  let snapshot = await land(world, whole, market.sessions - 1)
  const full = await build(world, set, snapshot)
  say(`full: ${full.seconds.toFixed(2)} s, ${full.shards} shards`)
  const appends: number[] = []
  let [asked, missed] = [0, 0]
  let repeated = 0
  for (let day = 0; day <= days; day++) {
    snapshot = await land(world, whole, market.sessions + day, snapshot)
    for (const each of sets) {
      const built = await build(world, each, snapshot)
      asked += built.asked
      missed += built.asked - built.cached
      if (each !== set) continue
      appends.push(built.seconds)
      const again = await build(world, each, snapshot)
      repeated += again.asked - again.cached
      say(`session ${market.sessions + day}: ${built.seconds.toFixed(3)} s, repeated ${again.seconds.toFixed(3)} s, steps ${built.steps}`)
    }
  }
  const incremental = await build(world, set, snapshot)
  await world.database.db.delete(featureShardCache)
  const batch = await build(world, set, snapshot)
  const answersEqual = incremental.manifest.sha256 === batch.manifest.sha256
  const remembering = await measureTechnical(world, whole, snapshot)
  const named = (name: string, unit: string, ours: number, peer: number, goal: number) =>
    measurement({ name, unit, ours, peer, goal, answersEqual })
  return [
    named(
      'alpha158 after one session more of 300 × 2,500, against all of it',
      's',
      median(appends),
      (full.seconds + batch.seconds) / 2,
      0.03,
    ),
    remembering,
    named('columns that a repeated build computes', 'columns', repeated, asked, 0),
    named(`columns that ${days} days of appends compute, three sets`, 'columns', missed, asked, 0.15),
  ]
}

/** Nine of its columns read back without bound. No goal is given: less than all of it. */
async function measureTechnical(world: World, whole: Market, before: Landed): Promise<Measurement> {
  const set: FeatureSet = technical
  let snapshot = before
  const full = await build(world, set, snapshot)
  const appends: number[] = []
  for (let day = 1; day <= laterDays; day++) {
    snapshot = await land(world, whole, market.sessions + days + day, snapshot)
    const built = await build(world, set, snapshot)
    appends.push(built.seconds)
    say(`technical: ${built.seconds.toFixed(3)} s, steps ${built.steps}`)
  }
  const incremental = await build(world, set, snapshot)
  await world.database.db.delete(featureShardCache)
  const batch = await build(world, set, snapshot)
  return measurement({
    name: 'technical after one session more, against all of it',
    unit: 's',
    ours: median(appends),
    peer: (full.seconds + batch.seconds) / 2,
    goal: 1,
    answersEqual: incremental.manifest.sha256 === batch.manifest.sha256,
  })
}

type Landed = { id: string; manifest: ObjectRef }

/** The market's first sessions as a snapshot that keeps what it can of the one before. */
async function land({ database: { db }, store: { objects } }: World, whole: Market, sessions: number, before?: Landed): Promise<Landed> {
  const { bars, actions } = whole.until(sessions)
  const lastSession = whole.calendar[sessions - 1]!
  const actionsOf = groupBy(actions, ({ symbol }) => symbol)
  const manifest = await writeSnapshot(objects, {
    symbols: bars.map((each) => describeSymbol(each, actionsOf.get(each.symbol) ?? [], 'assumed')),
    chunks: await writeChunks(objects, inGroups(bars), {
      lastSession,
      earlier: before && (await openSnapshot(objects, before.manifest)),
      cancelled: new AbortController().signal,
    }),
    knownAtBasis: 'assumed',
    lastSession,
    actions,
    clearedJumps: [],
    beside: undefined,
  })
  const { id, rows, firstSession } = (await openSnapshot(objects, manifest)).manifest
  await db
    .insert(datasets)
    .values({ name: 'market', connector: { kind: 'sample' } })
    .onConflictDoNothing()
  await db
    .insert(snapshots)
    .values({
      dataset: 'market',
      id,
      syncId: randomUUID(),
      manifest,
      rows,
      symbols: bars.length,
      actions: actions.length,
      firstSession,
      lastSession,
      knownAtBasis: 'assumed',
    })
    .onConflictDoNothing()
  return { id, manifest }
}

/** What the workflow does, without the workflow: as many batches at once as there are threads. */
async function build({ database: { db }, store: { objects }, pool, activities }: World, featureSet: FeatureSet, { id }: Landed) {
  const definition = definitionHash(featureSet, label)
  const input: BuildInput = {
    buildId: buildIdOf(definition, id),
    definitionHash: definition,
    snapshotId: id,
    dataset: 'market',
    featureSet,
    label,
    origin: { by: 'bench', bodySha256: '0'.repeat(64) },
  }
  const steps: number[] = []
  const started = performance.now()
  const step = () => void steps.push(Math.round(performance.now() - started))
  await activities.openFeatureBuild(input)
  const { snapshot, batches } = await activities.planFeatureBuild(input)
  step()
  const waiting = batches.entries()
  const results: Awaited<ReturnType<typeof computeShards>>[] = []
  const worker = async () => {
    for (const [index, groups] of waiting)
      results[index] = await computeShards({ db, objects, pool }, { snapshot, groups, featureSet, label }, new AbortController().signal)
  }
  await Promise.all(Array.from({ length: threads }, worker))
  step()
  const manifest = await activities.publishFeatureBuild(input, results)
  step()
  const seconds = (performance.now() - started) / 1000
  const total = (count: (result: (typeof results)[number]) => number) => results.reduce((sum, result) => sum + count(result), 0)
  if ((await findFeatureBuild(db, input.buildId))?.state !== 'ready') throw new Error('a build did not end')
  return {
    seconds,
    manifest,
    steps: steps.join(' '),
    shards: total(({ shards }) => shards.length),
    asked: total(({ asked }) => asked),
    cached: total(({ cached }) => cached),
  }
}

const say = (line: string) => process.stderr.write(`${line}\n`)
