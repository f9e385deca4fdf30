import { inArray } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ColumnCounts, ShardsResult } from '#activities/features.ts'
import { readColumns, readRows } from '#activities/features/shard-file.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { openSnapshot } from '#activities/snapshots.ts'
import { writeChunks } from '#activities/snapshots/write-chunks.ts'
import { describeSymbol, writeSnapshot } from '#activities/snapshots/write-snapshot.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import { groupBy } from '#domain/group-by.ts'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { BesideBars } from '#contracts/datasets.ts'
import type { FeatureSet, LabelDefinition } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { forgetShards } from '#db/commands/forget-shards.ts'
import { findStates } from '#db/queries/cached-shards.ts'
import { featureShardCache } from '#db/schema.ts'
import { groupSymbols, type SymbolGroup } from '#domain/features/symbol-groups.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars, joinBars } from '#domain/market/bars.ts'
import { inGroups } from '#domain/market/chunk-layout.ts'
import { orderUniverse, type UniverseSpan } from '#domain/market/universe.ts'
import { computeBuild } from '#tests/support/build-features.ts'
import { walkBars } from '#tests/support/bars.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import '#tests/support/property-seed.ts'
import { type AskedRun, watchedPool } from '#tests/support/watched-pool.ts'

const set = (...expressions: string[]): FeatureSet => ({
  name: 'mixed',
  version: 1,
  description: '',
  features: expressions.map((expression, index) => ({ name: `f${index}`, expression })),
})

/** Rounding alone, so that float32 hides no bit of them. */
const lastBits = (text: string) => `${text}*3-${text}-${text}-${text}`

/** Windows of several lengths, what is read from the first bar on, gaps and infinities. */
const mixed = set(
  'Mean($close,5)/$close',
  lastBits('Std($close,20)'),
  'Corr($close/Ref($close,1),Log($volume/Ref($volume,1)+1),10)',
  'Rank($close,30)',
  'Quantile($high,12,0.8)/$close',
  lastBits('Slope($close,20)'),
  'TA_BBANDS_UPPER($close,20,2)/$close',
  'TA_STOCH($high,$low,$close,5,3,3)',
  lastBits('TA_MFI($high,$low,$close,$volume,14)'),
  'EMA($close,12)/$close',
  'TA_RSI($close,14)',
  'Mean(TA_SMA($close/Ref($close,3),7),6)',
  'Resi(Log($volume),6)',
)
/** What goes on from states: alone, under and over windows, under and over each other, beside windows of TA-Lib. */
const recursive = set(
  lastBits('EMA($close,12)'),
  lastBits('TA_RSI($close,14)'),
  'TA_MACD_HIST($close,5,9,4)+TA_MACD($close,5,9,4)',
  'Mean(EMA($close,12),20)',
  'EMA(Mean($close,20),12)/$close',
  'EMA(Mean(EMA($volume,3),6),4)',
  lastBits('TA_ATR($high,$low,$close,14)'),
  'TA_PLUS_DI($high,$low,$close,7)-TA_ADX($high,$low,$close,7)',
  'TA_OBV($close,$volume)',
  lastBits('TA_KAMA($close,10)'),
  lastBits('TA_SMA($close,5)/TA_EMA($close,12)'),
  'Ref(TA_TRIX($close,4),30)',
  'Corr(EMA($close,5),Log($volume+1),10)',
)
/** Across symbols: within each other, under and over windows, under what is read from the first bar, of what no bar gives. */
const crossed = set(
  'CSRank($close/Ref($close,5))',
  'Mean(CSRank($close/Ref($close,5)),10)',
  'CSZScore(EMA($close,5)/$close)',
  'CSRank(Mean(CSZScore($volume),3))-Std($close,7)/$close',
  'EMA(CSRobustZScore($high/$low),4)',
  '$close/Ref($close,1)',
  'CSFillna(CSProcessInf($close/$volume))',
)
const bounded = set(...mixed.features.slice(0, 6).map(({ expression }) => expression))
/** A part of which looks back without bound. */
const smoothLabel: LabelDefinition = { expression: 'Ref(EMA($close,5),-2)/$close-1', kind: 'cross-sectional' }
const label: LabelDefinition = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' }
const rankedLabel: LabelDefinition = { expression: `CSZScore(${label.expression})`, kind: 'cross-sectional' }
/** Reads later rows of a cross-section itself. */
const laterRank: LabelDefinition = { expression: 'Ref(CSRank($close/Ref($close,3)),-2)', kind: 'cross-sectional' }

/** `spans` are those of the universe `some`, which markets have for whom it is asked. */
type Market = { bars: BarColumns[]; actions: CorporateAction[]; spans?: UniverseSpan[] }

let store: Awaited<ReturnType<typeof testObjectStore>>
let kept: Awaited<ReturnType<typeof testDatabase>>
let empty: Awaited<ReturnType<typeof testDatabase>>
let threads: ThreadPool
const runs: AskedRun[] = []
const pool = watchedPool(
  () => threads,
  (some) => void runs.push(...some),
)

beforeAll(async () => {
  ;[store, kept, empty] = await Promise.all([testObjectStore(), testDatabase(), testDatabase()])
  threads = createThreadPool(1)
})
afterAll(async () => {
  await threads?.close()
  await Promise.all([store?.drop(), kept?.drop(), empty?.drop()])
})
beforeEach(async () => {
  runs.length = 0
  await kept.db.delete(featureShardCache)
})

async function besideOf({ spans }: Market): Promise<BesideBars | undefined> {
  if (spans === undefined) return undefined
  const universes = await store.objects.put(Buffer.from(canonicalJson([orderUniverse({ name: 'some', spans })])), 'json')
  return { calendar: { kind: 'exchange', name: 'XNYS', basis: 'assumed' }, universes }
}

async function land(market: Market, parent?: ObjectRef): Promise<ObjectRef> {
  const { bars, actions } = market
  const lastSession = bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b))
  const actionsOf = groupBy(actions, ({ symbol }) => symbol)
  return await writeSnapshot(store.objects, {
    symbols: bars.map((each) => describeSymbol(each, actionsOf.get(each.symbol) ?? [], 'assumed')),
    chunks: await writeChunks(store.objects, inGroups(bars), {
      lastSession,
      earlier: parent && (await openSnapshot(store.objects, parent)),
      cancelled: new AbortController().signal,
    }),
    knownAtBasis: 'assumed',
    lastSession,
    actions,
    clearedJumps: [],
    beside: await besideOf(market),
  })
}

type Where = { from?: 'kept' | 'empty'; by?: LabelDefinition; groups?: SymbolGroup[] }

async function build(market: Market, snapshot: ObjectRef, featureSet: FeatureSet, { from = 'kept', by = label, groups }: Where = {}) {
  const { db } = from === 'kept' ? kept : empty
  if (from === 'empty') await db.delete(featureShardCache)
  const batches = [groups ?? groupSymbols(market.bars.map(({ symbol }) => symbol))]
  const world = { db, objects: store.objects, pool }
  const { results, counts } = await computeBuild(world, { snapshot, batches, featureSet, label: by })
  const [{ shards, digest, ...own }] = results as [ShardsResult]
  const all = [own, ...counts]
  const sum = (pick: (each: ColumnCounts) => number) => all.reduce((total, each) => total + pick(each), 0)
  return { shards, digest, counts, asked: sum(({ asked }) => asked), cached: sum(({ cached }) => cached) }
}

async function forgetStates(which: 'every second' | 'all'): Promise<void> {
  const keys = (await kept.db.select({ key: featureShardCache.key }).from(featureShardCache).orderBy(featureShardCache.key)).map(
    ({ key }) => key,
  )
  const lost = keys.filter((_, index) => which === 'all' || index % 2 === 0)
  await kept.db.update(featureShardCache).set({ states: null }).where(inArray(featureShardCache.key, lost))
}

/** Of what the build of an empty cache stored: the states that are kept are those that it took. */
async function expectKeptStates(): Promise<void> {
  const batch = await empty.db.select().from(featureShardCache)
  const keys = batch.map(({ key }) => key)
  const [there, taken] = [await findStates(kept.db, keys), await findStates(empty.db, keys)]
  for (const [key, states] of taken)
    for (const [symbol, own] of states)
      for (const [name, numbers] of own) {
        const known = there.get(key)?.get(symbol)?.get(name)
        if (known !== undefined)
          expect([symbol, name, Buffer.from(known.slice().buffer)]).toEqual([symbol, name, Buffer.from(numbers.slice().buffer)])
      }
}

/** Two groups, whose years end in different months. */
function twoGroups({ bars }: Market): SymbolGroup[] {
  const symbols = bars.map(({ symbol }) => symbol).sort()
  const half = Math.ceil(symbols.length / 2)
  return [
    { group: 0, symbols: symbols.slice(0, half) },
    { group: 5, symbols: symbols.slice(half) },
  ].filter((each) => each.symbols.length > 0)
}

const until = (bars: BarColumns, rows: number) => sliceBars(bars, 0, rows)

const edit = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sessions: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 20, max: 90 })),
      // is suspended meanwhile
      without: fc.option(fc.nat(3)),
    }),
  },
  fc.record({
    kind: fc.constant('revise' as const),
    symbol: fc.nat(3),
    at: fc.nat(800),
    by: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('late' as const), symbol: fc.nat(3), at: fc.nat(800) }),
  fc.record({ kind: fc.constant('list' as const), rows: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ kind: fc.constant('split' as const), symbol: fc.nat(3), at: fc.nat(800) }),
  fc.record({ kind: fc.constant('dividend' as const), symbol: fc.nat(3), at: fc.nat(800) }),
  fc.record({ kind: fc.constant('drop' as const), symbol: fc.nat(3) }),
)
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

/** Of symbols by turns when they enter, in sessions of the walks, and how long they stay. */
const stays = fc.array(fc.record({ symbol: fc.nat(6), from: fc.nat(600), sessions: fc.integer({ min: 1, max: 500 }) }), {
  minLength: 1,
  maxLength: 8,
})

/** A stay that would meet an earlier one of its symbol is left out. */
function spansOf(chosen: readonly { symbol: number; from: number; sessions: number }[]): UniverseSpan[] {
  const spans: UniverseSpan[] = []
  for (const { symbol, from, sessions } of chosen) {
    const own = whole[symbol]!
    const span = { symbol: own.symbol, from: own.sessions[from]!, to: own.sessions[from + sessions] ?? '2099-12-31' }
    if (spans.every((other) => other.symbol !== span.symbol || span.to < other.from || other.to < span.from)) spans.push(span)
  }
  return spans
}

/** Bars of whole walks, of which markets show some: what is appended later is there already. */
const whole = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF', 'GGG'].map((symbol, index) => withGaps(walkBars(symbol, 800, 70 + index), index))

function withGaps(bars: BarColumns, seed: number): BarColumns {
  const volume = bars.volume.map((value, row) => ((row * 7 + seed) % 23 === 0 ? 0 : value))
  return { ...bars, volume }
}

const action = (kind: 'split' | 'dividend', { symbol, sessions }: BarColumns, at: number): CorporateAction => ({
  symbol,
  exDate: sessions[at % sessions.length]!,
  kind,
  ...(kind === 'split' ? { ratio: 3 } : { cash: 0.37 }),
  knownAt: '2007-01-01T00:00:00Z',
  basis: 'given',
})

const applied = (market: Market, change: Edit): Market => ({ ...market, ...edited(market, change) })

function edited({ bars, actions }: Market, change: Edit): Market {
  const chosen = bars['symbol' in change ? change.symbol % bars.length : 0]!
  const others = bars.filter((each) => each !== chosen)
  switch (change.kind) {
    case 'append': {
      const last = bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b))
      const until = whole[0]!.sessions[whole[0]!.sessions.indexOf(last) + change.sessions] ?? last
      const longer = (each: BarColumns, index: number) => {
        const source = whole.find(({ symbol }) => symbol === each.symbol)!
        const [from, to] = [last, until].map((session) => source.sessions.indexOf(session) + 1) as [number, number]
        return to > from && index !== change.without ? joinBars(each, sliceBars(source, from, to)) : each
      }
      return { bars: bars.map(longer), actions }
    }
    case 'revise': {
      const row = change.at % chosen.sessions.length
      return { bars: [...others, { ...chosen, high: chosen.high.map((value, at) => (at === row ? value * change.by : value)) }], actions }
    }
    case 'late': {
      // a bar that was there goes, and comes back when it is drawn again: rows after it move by one
      const row = change.at % chosen.sessions.length
      const source = whole.find(({ symbol }) => symbol === chosen.symbol)!
      const absent = source.sessions.findIndex((session) => session > chosen.sessions[0]! && !chosen.sessions.includes(session))
      if (absent !== -1 && source.sessions[absent]! < chosen.sessions.at(-1)!) {
        const after = chosen.sessions.findIndex((session) => session > source.sessions[absent]!)
        const parts = [sliceBars(chosen, 0, after), sliceBars(source, absent, absent + 1), sliceBars(chosen, after, chosen.sessions.length)]
        return { bars: [...others, joinBars(joinBars(parts[0]!, parts[1]!), parts[2]!)], actions }
      }
      if (row === 0 || row === chosen.sessions.length - 1) return { bars, actions }
      return { bars: [...others, joinBars(sliceBars(chosen, 0, row), sliceBars(chosen, row + 1, chosen.sessions.length))], actions }
    }
    case 'list': {
      const fresh = whole.find(({ symbol }) => bars.every((each) => each.symbol !== symbol))
      const last = bars.map(({ sessions }) => sessions.at(-1)!).reduce((a, b) => (a > b ? a : b))
      if (fresh === undefined) return { bars, actions }
      const to = fresh.sessions.indexOf(last) + 1
      return { bars: [...bars, sliceBars(fresh, Math.max(0, to - change.rows), to)], actions }
    }
    case 'split':
    case 'dividend':
      return { bars, actions: [...actions, action(change.kind, chosen, change.at)] }
    case 'drop':
      return others.length === 0 ? { bars, actions } : { bars: others, actions: actions.filter(({ symbol }) => symbol !== chosen.symbol) }
    default:
      return change satisfies never
  }
}

describe('an incremental build', () => {
  it('is, byte for byte, the build of an empty cache, whatever was edited', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 250 }).chain((rows) => fc.constantFrom(rows, rows + 450)),
        fc.array(fc.record({ edit, set: fc.constantFrom(mixed, bounded, bounded) }), { minLength: 3, maxLength: 6 }),
        fc.constantFrom(mixed, bounded),
        async (rows, steps, first) => {
          await kept.db.delete(featureShardCache)
          let market: Market = { bars: whole.slice(0, 3).map((bars) => until(bars, rows)), actions: [] }
          let snapshot = await land(market)
          await build(market, snapshot, first)
          for (const step of steps) {
            market = applied(market, step.edit)
            snapshot = await land(market, snapshot)
            const { shards, digest } = await build(market, snapshot, step.set)
            const batch = await build(market, snapshot, step.set, { from: 'empty' })
            expect([shards, digest]).toEqual([batch.shards, batch.digest])
          }
        },
      ),
      { numRuns: 8 },
    )
  })

  it('is so too where steps go on from states, also when some are lost', async () => {
    const steps = fc.record({
      edit,
      set: fc.constantFrom(recursive, recursive, bounded),
      by: fc.constantFrom(label, label, smoothLabel),
      lost: fc.option(fc.constantFrom('every second', 'all'), { freq: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 250 }).chain((rows) => fc.constantFrom(rows, rows + 450)),
        fc.array(steps, { minLength: 3, maxLength: 6 }),
        async (rows, steps) => {
          await kept.db.delete(featureShardCache)
          let market: Market = { bars: whole.slice(0, 3).map((bars) => until(bars, rows)), actions: [] }
          let snapshot = await land(market)
          await build(market, snapshot, recursive)
          for (const { edit: change, set: asked, by, lost } of steps) {
            if (lost !== null) await forgetStates(lost)
            market = applied(market, change)
            snapshot = await land(market, snapshot)
            const { shards, digest } = await build(market, snapshot, asked, { by })
            const batch = await build(market, snapshot, asked, { by, from: 'empty' })
            expect([shards, digest]).toEqual([batch.shards, batch.digest])
            await expectKeptStates()
          }
        },
      ),
      { numRuns: 8 },
    )
  })

  it('has the rows of a suspension once it is over, and computes nothing before it again', async () => {
    const [asleep, ...others] = whole.slice(0, 3).map((bars) => until(bars, 460))
    const suspendedAt = 380
    const stopped = { bars: [until(asleep!, suspendedAt), ...others.map((bars) => until(bars, 450))], actions: [] }
    const before = await land(stopped)
    const first = await build(stopped, before, bounded)
    const resumed = { bars: [joinBars(until(asleep!, suspendedAt), sliceBars(asleep!, 450, 460)), ...others], actions: [] }
    const { shards } = await build(resumed, await land(resumed, before), bounded)
    const month = asleep!.sessions[suspendedAt]!.slice(0, 7)
    const kept = (each: (typeof shards)[number]) => first.shards.some(({ object }) => object.sha256 === each.object.sha256)
    const earlier = shards.filter(({ lastSession }) => lastSession < month)
    expect([earlier.length > 0, earlier.every(kept)]).toEqual([true, true])
    const later = shards.filter(({ firstSession }) => firstSession >= month)
    expect(later.map((shard) => [shard.symbols, kept(shard)])).toEqual(later.map(() => [['AAA', 'BBB', 'CCC'], false]))
    // weekdays, of which the suspension leaves out the holidays
    const holidays = asleep!.sessions.slice(suspendedAt, 450).filter((session) => !xnys.isSession(session)).length
    expect(shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(3 * 460 - holidays)
  })

  it('is so too across symbols', async () => {
    const across = fc.record({ edit, by: fc.constantFrom(label, rankedLabel, laterRank) })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 250 }).chain((rows) => fc.constantFrom(rows, rows + 300)),
        fc.array(across, { minLength: 3, maxLength: 5 }),
        async (rows, steps) => {
          await kept.db.delete(featureShardCache)
          let market: Market = { bars: whole.slice(0, 4).map((bars) => until(bars, rows)), actions: [] }
          let snapshot = await land(market)
          await build(market, snapshot, crossed, { groups: twoGroups(market) })
          for (const { edit: change, by } of steps) {
            market = applied(market, change)
            snapshot = await land(market, snapshot)
            const groups = twoGroups(market)
            const { shards, digest } = await build(market, snapshot, crossed, { by, groups })
            const batch = await build(market, snapshot, crossed, { by, groups, from: 'empty' })
            expect([shards, digest]).toEqual([batch.shards, batch.digest])
          }
        },
      ),
      { numRuns: 5 },
    )
  })

  it('is so too of members alone, whoever enters and leaves', async () => {
    const universe = { ...crossed, universe: 'some' }
    const ofOne = { ...bounded, universe: 'some' }
    const ranksAlone = { ...set('CSRank($close/Ref($close,5))', 'CSZScore(Std($volume,30))'), universe: 'some' }
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 250 }).chain((rows) => fc.constantFrom(rows, rows + 300)),
        stays,
        fc.array(
          fc.record({
            change: fc.oneof(edit, stays),
            by: fc.constantFrom(label, rankedLabel, laterRank),
            set: fc.constantFrom(universe, crossed, ofOne, ranksAlone),
          }),
          { minLength: 3, maxLength: 5 },
        ),
        async (rows, first, steps) => {
          await kept.db.delete(featureShardCache)
          let market: Market = { bars: whole.slice(0, 4).map((bars) => until(bars, rows)), actions: [], spans: spansOf(first) }
          let snapshot = await land(market)
          await build(market, snapshot, universe, { groups: twoGroups(market) })
          for (const { change, by, set } of steps) {
            market = 'kind' in change ? applied(market, change) : { ...market, spans: spansOf(change) }
            snapshot = await land(market, snapshot)
            const groups = twoGroups(market)
            const { shards, digest } = await build(market, snapshot, set, { by, groups })
            const batch = await build(market, snapshot, set, { by, groups, from: 'empty' })
            expect([shards, digest]).toEqual([batch.shards, batch.digest])
          }
        },
      ),
      { numRuns: 4 },
    )
  })

  it('shares columns of one symbol with builds of all symbols, both ways, and has the rows of members alone', async () => {
    const some = { ...bounded, universe: 'some' }
    const bars = whole.slice(0, 3).map((each) => until(each, 300))
    const { sessions } = bars[0]!
    const spans = [
      { symbol: 'AAA', from: sessions[50]!, to: sessions[120]! },
      { symbol: 'AAA', from: sessions[130]!, to: sessions[250]! },
      { symbol: 'CCC', from: '2000-01-03', to: '2099-12-31' },
    ]
    const market: Market = { bars, actions: [], spans }
    const snapshot = await land(market)
    for (const [first, second] of [
      [bounded, some],
      [some, bounded],
    ] as const) {
      await kept.db.delete(featureShardCache)
      await build(market, snapshot, first)
      runs.length = 0
      const { asked, cached } = await build(market, snapshot, second)
      expect([runs, cached]).toEqual([[], asked])
    }
    const rows = async (set: FeatureSet) => {
      const { shards } = await build(market, snapshot, set)
      const found = new Map<string, Float32Array[]>()
      for (const { object } of shards) {
        const bytes = await store.objects.get(object)
        const columns = [...readColumns(bytes, [...set.features.map(({ name }) => name), 'label']).values()]
        let row = 0
        for (const { symbol, sessions: own } of readRows(bytes))
          for (const session of own) {
            found.set(`${symbol} ${session}`, [Float32Array.from(columns, (column) => column[row]!)])
            row++
          }
      }
      return found
    }
    const [all, members] = [await rows(bounded), await rows(some)]
    const isMember = (key: string) => spans.some(({ symbol, from, to }) => key >= `${symbol} ${from}` && key <= `${symbol} ${to}`)
    expect([...members]).toEqual([...all].filter(([key]) => isMember(key)))
    // 71 + 121 weekdays and all of CCC, but for holidays that are no sessions and have bars here all the same
    expect(members.size).toBe(71 + 121 + 300)
  })

  it('computes again what a changed membership touches, and nothing else', async () => {
    const ranks = { ...set('CSRank($close/Ref($close,5))', '$close/Ref($close,1)'), universe: 'some' }
    const bars = whole.slice(0, 4).map((each) => until(each, 640))
    const { sessions } = bars[0]!
    const always = ['AAA', 'BBB', 'DDD'].map((symbol) => ({ symbol, from: '2000-01-03', to: '2099-12-31' }))
    const until300 = { symbol: 'CCC', from: sessions[0]!, to: sessions[300]! }
    const groups = twoGroups({ bars, actions: [] })
    const before = await build({ bars, actions: [] }, await land({ bars, actions: [], spans: [...always, until300] }), ranks, { groups })
    runs.length = 0
    const moved = { ...until300, to: sessions[310]! }
    const snapshot = await land({ bars, actions: [], spans: [...always, moved] })
    const after = await build({ bars, actions: [] }, snapshot, ranks, { groups })
    // nothing of one symbol, and of what is across symbols the slices of ten sessions
    expect(runs.filter(({ givenCrossSections }) => !givenCrossSections)).toEqual([])
    const changed = after.shards.filter(({ object }) => before.shards.every((shard) => shard.object.sha256 !== object.sha256))
    const [from, to] = [sessions[301]!, sessions[310]!]
    expect(changed.length).toBeGreaterThan(0)
    expect(changed.length).toBeLessThan(after.shards.length / 2)
    expect(changed.every((shard) => shard.firstSession <= to && shard.lastSession >= from)).toBe(true)
    const [operands, sections] = after.counts
    expect(operands!.cached).toBe(operands!.asked)
    expect(sections!.asked - sections!.cached).toBe(changed.length)
    const again = await build({ bars, actions: [] }, snapshot, ranks, { groups })
    expect([again.cached, again.shards]).toEqual([again.asked, after.shards])
  })

  it('cuts the rows of a changed membership anew where no column reads another symbol, and computes nothing', async () => {
    const some = { ...bounded, universe: 'some' }
    const market: Market = { bars: whole.slice(0, 3).map((each) => until(each, 400)), actions: [] }
    const { sessions } = market.bars[0]!
    const spans = (to: number) => [
      { symbol: 'AAA', from: sessions[0]!, to: '2099-12-31' },
      { symbol: 'BBB', from: sessions[0]!, to: sessions[to]! },
    ]
    const before = await build(market, await land({ ...market, spans: spans(200) }), some)
    runs.length = 0
    const snapshot = await land({ ...market, spans: spans(201) })
    const after = await build(market, snapshot, some)
    expect([runs, after.cached]).toEqual([[], after.asked])
    const rows = (shards: { rows: number }[]) => shards.reduce((sum, shard) => sum + shard.rows, 0)
    expect(rows(after.shards)).toBe(rows(before.shards) + 1)
    const changed = after.shards.filter(({ object }) => before.shards.every((shard) => shard.object.sha256 !== object.sha256))
    expect(changed).toHaveLength(1)
    const batch = await build(market, snapshot, some, { from: 'empty' })
    expect([after.shards, after.digest]).toEqual([batch.shards, batch.digest])
  })

  it('goes on from the shards that a build names, when those that they were cut from were collected', async () => {
    const some = { ...bounded, universe: 'some' }
    const bars = whole.slice(0, 3).map((each) => until(each, 701))
    const { sessions } = bars[0]!
    const spans = ['AAA', 'BBB'].map((symbol) => ({ symbol, from: sessions[10]!, to: '2099-12-31' }))
    const market: Market = { bars: bars.map((each) => until(each, 700)), actions: [], spans }
    const before = await land(market)
    const first = await build(market, before, some)
    const named = first.shards.map(({ object }) => object.uri)
    const collected = (await kept.db.select().from(featureShardCache)).filter(({ shard }) => !named.includes(shard.object.uri))
    await forgetShards(
      kept.db,
      collected.map(({ shard }) => shard.object.uri),
    )
    expect(collected.length).toBe(first.shards.length)
    runs.length = 0
    const after = { ...market, bars }
    const snapshot = await land(after, before)
    const { shards, digest } = await build(after, snapshot, some)
    expect([...new Set(runs.map(({ symbol }) => symbol))]).toEqual(['AAA', 'BBB', 'CCC'])
    for (const { read } of runs) expect(read).toBeLessThan(300)
    const batch = await build(after, snapshot, some, { from: 'empty' })
    expect([shards, digest]).toEqual([batch.shards, batch.digest])
  })

  it('computes no cross-section again whose operands are what they were', async () => {
    const ranks = set('CSRank($close/Ref($close,5))', 'Mean(CSZScore($close/$open),10)')
    const market: Market = { bars: whole.slice(0, 4).map((bars) => until(bars, 300)), actions: [] }
    const groups = twoGroups(market)
    const snapshot = await land(market)
    await build(market, snapshot, ranks, { groups })
    const highOnly = applied(market, { kind: 'revise', symbol: 1, at: 150, by: 1.05 })
    // a revised high changes what the rows of its group are known by, and no operand
    const [operands, sections] = (await build(highOnly, await land(highOnly, snapshot), ranks, { groups })).counts
    expect(operands!.cached).toBeLessThan(operands!.asked)
    expect(sections!.cached).toBe(sections!.asked)
    runs.length = 0
    const repeated = await build(highOnly, await land(highOnly, snapshot), ranks, { groups })
    expect([repeated.cached, runs]).toEqual([repeated.asked, []])
  })

  it('after one session more computes its row, and the label of the month that it lies in, from the rows that they read', async () => {
    const market = { bars: whole.slice(0, 3).map((bars) => until(bars, 701)), actions: [action('dividend', whole[0]!, 300)] }
    const before = await land({ ...market, bars: market.bars.map((bars) => until(bars, 700)) })
    const first = await build(market, before, bounded)
    runs.length = 0
    const { shards, asked, cached } = await build(market, await land(market, before), bounded)
    const inMonth = market.bars[0]!.sessions.filter((session) => session.startsWith(market.bars[0]!.sessions[700]!.slice(0, 7))).length
    expect(runs.map(({ symbol, expressions, kept }) => [symbol, expressions.includes(label.expression), kept])).toEqual([
      ...['AAA', 'BBB', 'CCC'].map((symbol) => [symbol, false, 1]),
      ...['AAA', 'BBB', 'CCC'].map((symbol) => [symbol, true, inMonth]),
    ])
    // of 701 rows
    for (const { read } of runs) expect(read).toBeLessThan(300)
    const again = shards.filter(({ object }) => first.shards.every((shard) => shard.object.sha256 !== object.sha256))
    expect(again.map(({ lastSession }) => lastSession)).toEqual([market.bars[0]!.sessions[700]])
    expect(cached / asked).toBeGreaterThan(0.85)
  })

  it('goes on from states: after one session more, in a month that begins, and after a revised bar', async () => {
    const { sessions } = whole[0]!
    const begun = sessions.findIndex((session) => session.startsWith('2009-07'))
    const market = (rows: number, revised?: number): Market => {
      const bars = whole.slice(0, 3).map((each) => until(each, rows))
      const some = { bars, actions: [action('split', bars[0]!, 100), action('dividend', bars[1]!, 300)] }
      return revised === undefined ? some : applied(some, { kind: 'revise', symbol: 1, at: revised, by: 1.01 })
    }
    let snapshot = await land(market(begun - 3))
    await build(market(begun - 3), snapshot, recursive)
    const steps: { after: Market; rows: [symbol: string, count: number][] }[] = [
      { after: market(begun - 2), rows: ['AAA', 'BBB', 'CCC'].map((symbol) => [symbol, 1]) },
      { after: market(begun + 2), rows: ['AAA', 'BBB', 'CCC'].map((symbol) => [symbol, 4]) },
      // of the revised symbol the months from the bar on
      { after: market(begun + 2, begun - 30), rows: [['BBB', begun + 2 - sessions.findIndex((each) => each.startsWith('2009-05'))]] },
      // of the others the states were taken over
      { after: market(begun + 3, begun - 30), rows: ['AAA', 'BBB', 'CCC'].map((symbol) => [symbol, 1]) },
    ]
    for (const { after, rows } of steps) {
      runs.length = 0
      snapshot = await land(after, snapshot)
      const { shards, digest } = await build(after, snapshot, recursive)
      const remembering = runs.filter((run) => run.recursive)
      const counted = [...groupBy(remembering, ({ symbol }) => symbol)].map(([symbol, own]) => [
        symbol,
        own.reduce((sum, { kept }) => sum + kept, 0),
      ])
      expect(counted).toEqual(rows)
      // the step of `Mean(EMA($close,12),20)` goes on a month or two before, and no bar is read that is older than half a year
      for (const { before, kept, sinceState, sent } of remembering) {
        expect([before < 90, sent![0]! > '2009-01']).toEqual([true, true])
        // that of one row goes on from the row before it
        if (kept === 1) expect(sinceState).toBe(0)
      }
      const batch = await build(after, snapshot, recursive, { from: 'empty' })
      expect([shards, digest]).toEqual([batch.shards, batch.digest])
    }
  })

  it('goes on from the states that another set has stored, and from the first bar where they are lost', async () => {
    const one = set('EMA($close,12)', 'TA_RSI($close,14)')
    const other = set('TA_RSI($close,14)', '$close/Ref($close,1)', 'EMA($close,12)')
    const market = (rows: number): Market => ({ bars: whole.slice(0, 2).map((bars) => until(bars, rows)), actions: [] })
    let snapshot = await land(market(700))
    await build(market(700), snapshot, one)
    await build(market(700), snapshot, other)
    const rowsRead = async (rows: number) => {
      runs.length = 0
      snapshot = await land(market(rows), snapshot)
      const { shards, digest } = await build(market(rows), snapshot, other)
      const first = runs.filter(({ recursive }) => recursive)
      const batch = await build(market(rows), snapshot, other, { from: 'empty' })
      expect([shards, digest]).toEqual([batch.shards, batch.digest])
      return first.map(({ read }) => read)
    }
    // two more for the naive forecast of the label
    expect(await rowsRead(701)).toEqual([3, 3])
    await forgetStates('all')
    expect(await rowsRead(702)).toEqual([702, 702])
    expect(await rowsRead(703)).toEqual([3, 3])
  })

  it('goes on from the states of cross-sections that are what they were', async () => {
    const smooth = set('EMA(CSZScore($close/Ref($close,5)),200)', 'TA_RSI($close,6)')
    const market = (rows: number): Market => ({ bars: whole.slice(0, 4).map((bars) => until(bars, rows)), actions: [] })
    const groups = twoGroups(market(700))
    const before = await land(market(700))
    await build(market(700), before, smooth, { groups })
    const rowsRead = () => runs.flatMap(({ givenCrossSections, sent }) => (givenCrossSections ? [sent!.length] : []))
    runs.length = 0
    const after = await land(market(701), before)
    const { shards, digest } = await build(market(701), after, smooth, { groups })
    expect([rowsRead().length, Math.max(...rowsRead()) < 300]).toEqual([4, true])
    const batch = await build(market(701), after, smooth, { groups, from: 'empty' })
    expect([shards, digest]).toEqual([batch.shards, batch.digest])
    // a bar of another group changes the scores of its session, and so all averages after it
    runs.length = 0
    const bars = market(701).bars.map((each, index) =>
      index === 3 ? { ...each, close: each.close.with(350, each.close[350]! * 1.2) } : each,
    )
    const changed = await land({ bars, actions: [] }, after)
    const again = await build({ bars, actions: [] }, changed, smooth, { groups })
    const whole4 = await build({ bars, actions: [] }, changed, smooth, { groups, from: 'empty' })
    expect([again.shards, again.digest]).toEqual([whole4.shards, whole4.digest])
    expect(again.shards.filter(({ object }) => shards.every((shard) => shard.object.sha256 !== object.sha256)).length).toBeGreaterThan(4)
  })

  it('of what leaves out missing rows begins as many bars before as windows have, whatever rows are missing', async () => {
    const windows = set(lastBits('TA_SMA($close,20)'), lastBits('TA_MFI($high,$low,$close,$volume,14)'), 'TA_SMA(TA_EMA($close,9),5)')
    const market = (rows: number): Market => {
      const [asleep, awake] = whole.slice(0, 2).map((bars) => until(bars, rows)) as [BarColumns, BarColumns]
      return { bars: [joinBars(until(asleep, 300), sliceBars(asleep, 317, rows)), awake], actions: [] }
    }
    let snapshot = await land(market(700))
    for (const [rows, some] of [
      [700, windows],
      [701, { ...windows, features: windows.features.slice(0, 2) }],
      [702, windows],
    ] as const) {
      runs.length = 0
      snapshot = await land(market(rows), snapshot)
      const { shards, digest } = await build(market(rows), snapshot, some)
      // an average of an average leaves out what the inner one lacks, and reads all rows
      const reads = (symbol: string) => Math.max(...runs.filter((run) => run.symbol === symbol).map(({ read }) => read))
      if (rows > 700) expect([rows, reads('AAA') > 680, reads('BBB') > 680]).toEqual([rows, rows === 702, rows === 702])
      const batch = await build(market(rows), snapshot, some, { from: 'empty' })
      expect([shards, digest]).toEqual([batch.shards, batch.digest])
    }
  })

  it('after a revision computes the features of its symbol alone, and no year before', async () => {
    const market: Market = { bars: whole.slice(0, 3).map((bars) => until(bars, 700)), actions: [action('split', whole[2]!, 100)] }
    const before = await land(market)
    await build(market, before, bounded)
    runs.length = 0
    const revised = applied(market, { kind: 'revise', symbol: 1, at: 400, by: 1.01 })
    const snapshot = await land(revised, before)
    const { shards, digest } = await build(revised, snapshot, bounded)
    const year = `${market.bars[1]!.sessions[400]!.slice(0, 4)}-01-01`
    const first = market.bars[1]!.sessions.findIndex((session) => session >= year)
    const features = runs.filter(({ expressions }) => !expressions.includes(label.expression))
    expect(features.map(({ symbol, kept }) => [symbol, kept])).toEqual([['BBB', 700 - first]])
    const batch = await build(revised, snapshot, bounded, { from: 'empty' })
    expect([shards, digest]).toEqual([batch.shards, batch.digest])
  })

  it('joins the months of a year that is over from the shards that they had', async () => {
    const market = (rows: number): Market => ({ bars: whole.slice(0, 3).map((bars) => until(bars, rows)), actions: [] })
    const sessions = whole[0]!.sessions
    const ended = sessions.findIndex((session) => session.startsWith('2009-01'))
    const before = await land(market(ended))
    await build(market(ended), before, bounded)
    runs.length = 0
    const after = await land(market(ended + 1), before)
    const { shards, digest } = await build(market(ended + 1), after, bounded)
    expect(shards.map(({ firstSession, lastSession }) => [firstSession.slice(0, 7), lastSession.slice(0, 7)])).toContainEqual([
      '2008-01',
      '2008-12',
    ])
    expect(Math.max(...runs.map(({ expressions, kept }) => (expressions.length === 1 ? 0 : kept)))).toBe(1)
    const batch = await build(market(ended + 1), after, bounded, { from: 'empty' })
    expect([shards, digest]).toEqual([batch.shards, batch.digest])
  })

  it('computes nothing again of a set that shares its columns with another', async () => {
    const market = { bars: whole.slice(0, 3).map((bars) => until(bars, 300)), actions: [] }
    const snapshot = await land(market)
    await build(market, snapshot, mixed)
    runs.length = 0
    const { asked, cached } = await build(market, snapshot, bounded)
    expect([runs, cached]).toEqual([[], asked])
  })
})
