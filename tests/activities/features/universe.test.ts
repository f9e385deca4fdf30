/** Builds with a universe, over real landings: whose rows they have, and what whoever reads them is told. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asc, eq } from 'drizzle-orm'
import { createFeatureBuildActivities } from '#activities/features.ts'
import { checkBuild } from '#activities/features/check-build.ts'
import { openBuild, type SymbolSlice } from '#activities/features/decoded-build.ts'
import { describeBuild } from '#activities/features/describe-build.ts'
import { exportBuild } from '#activities/features/export-build.ts'
import { joinBuild } from '#activities/features/join-build.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { FeatureCheck } from '#contracts/feature-checks.ts'
import { FeatureJoin } from '#contracts/feature-joins.ts'
import { FeatureStatistics } from '#contracts/feature-statistics.ts'
import type { FeatureSet, LabelDefinition } from '#contracts/features.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { featureRow } from '#db/schema.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { Universe } from '#domain/market/universe.ts'
import { type DatasetTestWorld, datasetWorld } from '#tests/activities/datasets/world.ts'
import { walkBars } from '#tests/support/bars.ts'
import { buildFeatures, buildInputOf } from '#tests/support/build-features.ts'
import { landSnapshot, type LandedSnapshot } from '#tests/support/snapshot.ts'

const ever = { from: '2000-01-03', to: '2099-12-31' }
const walks = Array.from({ length: 8 }, (_, at) => walkBars(`W${at}`, 200, 500 + at))
const { sessions } = walks[0]!
const delisted = sessions[150]!
const bars = walks.map((each) => (each.symbol === 'W5' ? walkBars('W5', 150, 505) : each))
const spans = [
  ...['W0', 'W1', 'W2'].map((symbol) => ({ symbol, ...ever })),
  { symbol: 'W3', from: ever.from, to: sessions[90]! },
  { symbol: 'W3', from: sessions[120]!, to: ever.to },
  { symbol: 'W4', from: sessions[20]!, to: sessions[170]! },
  // delisted, whatever its span says
  { symbol: 'W5', ...ever },
]
const universes: Universe[] = [
  { name: 'empty', spans: [{ symbol: 'W6', from: '1990-01-02', to: '1999-12-31' }] },
  { name: 'large', spans },
]
const actions: CorporateAction[] = [{ symbol: 'W5', exDate: delisted, kind: 'delisting', knownAt: `${delisted}T21:00:00Z`, basis: 'given' }]
const isMember = (symbol: string, session: string) =>
  spans.some((span) => span.symbol === symbol && span.from <= session && session <= span.to) && (symbol !== 'W5' || session < delisted)

const featureSet: FeatureSet = {
  name: 'mine',
  version: 1,
  description: '',
  features: [
    { name: 'rank', expression: 'CSRank($close/Ref($close,5))' },
    { name: 'smooth', expression: 'Mean(CSZScore($volume),10)' },
    { name: 'own', expression: 'Mean($close,30)/$close' },
  ],
  universe: 'large',
}
const label: LabelDefinition = { expression: 'CSRank(Ref($close,-2)/Ref($close,-1)-1)', kind: 'cross-sectional' }

let world: DatasetTestWorld & { pool: ThreadPool }
let snapshot: LandedSnapshot
let buildId: string
let slices: Map<string, SymbolSlice>
const { signal } = new AbortController()
const read = async (ref: Parameters<typeof world.objects.get>[0]) => JSON.parse(new TextDecoder().decode(await world.objects.get(ref)))

beforeAll(async () => {
  world = { ...(await datasetWorld()), pool: createThreadPool(1) }
  snapshot = await landSnapshot(world, 'index', bars, actions, universes)
  buildId = await buildFeatures(world, { snapshot, dataset: 'index', featureSet, label })
  const build = await openBuild(world.objects, (await findFeatureBuild(world.db, buildId))!.manifest!)
  slices = new Map(build.slices.map((slice) => [slice.symbol, slice]))
})
afterAll(async () => {
  await world?.pool.close()
  await world?.drop()
})

/** The percentile rank of one among others, by definition. */
const rankOf = (value: number, all: number[]) =>
  (all.filter((other) => other < value).length + (all.filter((other) => other === value).length + 1) / 2) / all.length

describe('a build with a universe', () => {
  it('has the rows of members, and ranks them among themselves', async () => {
    const momentum = new Map<string, Map<string, number>>()
    const later = new Map<string, Map<string, number>>()
    for (const { symbol, sessions: own, close } of bars)
      for (const [row, session] of own.entries()) {
        if (!isMember(symbol, session)) continue
        const put = (into: typeof momentum, value: number) => {
          if (Number.isFinite(value)) into.set(session, (into.get(session) ?? new Map<string, number>()).set(symbol, Math.fround(value)))
        }
        put(momentum, Math.fround(close[row]!) / Math.fround(close[row - 5]!))
        put(later, Math.fround(Math.fround(close[row + 2]!) / Math.fround(close[row + 1]!)) - 1)
      }
    for (const { symbol, sessions: own } of bars) {
      const members = own.filter((session) => isMember(symbol, session))
      const slice = slices.get(symbol)
      expect([symbol, [...(slice?.days ?? [])].map(sessionOf)]).toEqual([symbol, members])
      for (const [row, session] of members.entries())
        for (const [name, values] of [
          ['rank', momentum],
          ['label', later],
        ] as const) {
          const here = values.get(session)
          const value = here?.get(symbol)
          const expected = value === undefined ? Number.NaN : Math.fround(rankOf(value, [...here!.values()]))
          expect([symbol, session, name, slice!.column(name)[row]]).toEqual([symbol, session, name, expected])
        }
    }
    expect((await findFeatureBuild(world.db, buildId))!.featureSet).toMatchObject({ name: 'mine', universe: 'large' })
  })

  it('sees the whole history of a symbol, also of when it was none', async () => {
    const plain = await buildFeatures(world, { snapshot, dataset: 'index', featureSet: { ...featureSet, universe: undefined }, label })
    const all = await openBuild(world.objects, (await findFeatureBuild(world.db, plain))!.manifest!)
    const own = (slice: SymbolSlice) => new Map([...slice.days].map((day, row) => [sessionOf(day), slice.column('own')[row]]))
    for (const slice of all.slices) {
      const member = slices.get(slice.symbol)
      const whole = own(slice)
      for (const [session, value] of member ? own(member) : []) expect([session, value]).toEqual([session, whole.get(session)])
    }
    // none of its columns of one symbol was computed again: one of four, each under its own rows
    expect((await findFeatureBuild(world.db, plain))!.cacheHitRatio).toBeGreaterThan(0.4)
  })

  it('leaves online the newest row of who is a member in its newest session', async () => {
    const rows = await world.db.select().from(featureRow).where(eq(featureRow.buildId, buildId)).orderBy(asc(featureRow.symbol))
    expect(rows.map(({ symbol, session }) => [symbol, session])).toEqual(
      ['W0', 'W1', 'W2', 'W3'].map((symbol) => [symbol, sessions.at(-1)]),
    )
    for (const { symbol, values } of rows) {
      const slice = slices.get(symbol)!
      const newest = featureSet.features.map(({ name }) => slice.column(name).at(-1))
      expect([...new Float32Array(Uint8Array.from(values).buffer)]).toEqual(newest)
    }
  })

  it('is described, exported and checked by its rows', async () => {
    const count = [...slices.values()].reduce((rows, { days }) => rows + days.length, 0)
    const statistics = FeatureStatistics.parse(await read((await describeBuild(world, { buildId }, signal)).report))
    expect(statistics).toMatchObject({ universe: 'large', rows: count, symbols: 6 })
    expect(await exportBuild(world, { exportId: crypto.randomUUID(), buildId }, signal)).toMatchObject({ rows: count, symbols: 6 })
    const { verdict, reasons, report } = await checkBuild(world, { buildId, seed: 3 }, signal)
    expect([verdict, reasons]).toEqual(['passed', []])
    const check = FeatureCheck.parse(await read(report))
    expect(check).toMatchObject({ universe: 'large', lookAhead: { symbols: 6, features: [] } })
    expect(check.lookAhead.cells).toBeGreaterThan(2000)
    expect(check.warmUp.features.map(({ name, settles }) => [name, settles !== null])).toEqual([
      ['rank', true],
      ['smooth', true],
      ['own', true],
    ])
  })

  it('has its check fail where the past changes', async () => {
    // the first volume of a member tells how many bars come after it
    const early: ThreadPool = {
      ...world.pool,
      compute: (tasks) =>
        world.pool.compute(
          tasks.map((task) => ({
            ...task,
            bars: { ...task.bars, volume: task.bars.volume.map((value, row) => (row === 0 ? value * task.bars.sessions.length : value)) },
          })),
        ),
    }
    const { verdict, reasons } = await checkBuild({ ...world, pool: early }, { buildId, seed: 4 }, signal)
    expect([verdict, reasons.map((reason) => reason.split(' ')[0])]).toEqual(['refused', ['smooth']])
  })

  it('answers a point in time with a row of a member, and with none while the symbol is out', async () => {
    const at = (symbol: string, session: string) => ({ symbol, time: `${session}T23:00:00Z` })
    const points = [
      at('W3', sessions[90]!),
      at('W3', sessions[100]!),
      at('W3', sessions[120]!),
      at('W5', sessions[180]!),
      at('W6', sessions[50]!),
    ]
    const { joined } = await joinBuild(world, { joinId: crypto.randomUUID(), buildId, points }, signal)
    const { rows } = FeatureJoin.parse(await read(joined))
    // the delisted one has its last session for good, as in a build of all symbols
    expect(rows.map(({ session }) => session)).toEqual([sessions[90], null, sessions[120], sessions[149], null])
    const stored = slices.get('W3')!
    const place = [...stored.days].map(sessionOf).indexOf(sessions[120]!)
    expect(rows[2]!.values).toEqual(featureSet.features.map(({ name }) => stored.column(name)[place]))
  })

  it('is refused where the snapshot has no such universe, and where it has no member with a row', async () => {
    const asked = (universe: string) => ({ snapshot, dataset: 'index', featureSet: { ...featureSet, universe }, label })
    const activities = createFeatureBuildActivities(world)
    await expect(activities.planFeatureBuild(buildInputOf(asked('larg')))).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('has no universe larg: did you mean large? There are: empty, large'),
    })
    await expect(buildFeatures(world, asked('empty'))).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('no member of the universe empty has a row in snapshot'),
    })
  })
})
