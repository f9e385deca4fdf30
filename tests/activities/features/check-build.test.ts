/** The check of a build, on real bars and on planted faults: it has to be able to fail. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkBuild } from '#activities/features/check-build.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { FeatureCheck } from '#contracts/feature-checks.ts'
import type { FeatureSet, LabelDefinition } from '#contracts/features.ts'
import { featureCheck } from '#db/schema.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { withoutAbsent } from '#domain/features/feature-sets.ts'
import { plausibleExcess } from '#domain/trust/label-leak.ts'
import { type BarColumns, joinBars, sliceBars } from '#domain/market/bars.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { randomNumbers, walkBars } from '#tests/support/bars.ts'
import { buildFeatures } from '#tests/support/build-features.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'

const returns: LabelDefinition = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' }
const range: LabelDefinition = { expression: 'Log(Ref($high,-1)/Ref($low,-1)+0.001)', kind: 'time-series' }
const set = (features: Record<string, string>): FeatureSet => ({
  name: 'mine',
  version: 1,
  description: '',
  features: Object.entries(features).map(([name, expression]) => ({ name, expression })),
})

let world: DatasetTestWorld
let threads: ThreadPool
beforeAll(async () => {
  world = await datasetWorld()
  threads = createThreadPool(1)
})
afterAll(async () => {
  await threads?.close()
  await world?.drop()
})

type Change = { pool?: ThreadPool; before?: string; seed?: number }

async function check(dataset: string, bars: readonly BarColumns[], featureSet: FeatureSet, label: LabelDefinition, change: Change = {}) {
  const checked = { ...world, pool: change.pool ?? threads }
  const buildId = await buildFeatures(checked, { snapshot: await landSnapshot(world, dataset, bars), dataset, featureSet, label })
  const { seed = 0, before } = change
  const input = { buildId, seed, ...(before === undefined ? {} : { before }) }
  const { report, ...result } = await checkBuild(checked, input, new AbortController().signal)
  return {
    ...result,
    report,
    input,
    checked,
    check: FeatureCheck.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(report)))),
  }
}

const walks = (symbols: number, rows: number) =>
  Array.from({ length: symbols }, (_, at) => walkBars(`W${String(at).padStart(2, '0')}`, rows, 100 + at))

/** Walks whose volume knows the label: a share of it is the return that Ref(-2)/Ref(-1)-1 will tell. */
function leakyVolume(bars: BarColumns, share: number, ahead = [1, 2] as const): BarColumns {
  const random = randomNumbers(bars.sessions.length)
  const volume = bars.volume.map((_, row) => {
    const [near, far] = [bars.close[row + ahead[0]], bars.close[row + ahead[1]]]
    const told = near === undefined || far === undefined ? 0 : far / near - 1
    return 1e6 * (1 + share * 20 * told + (1 - share) * (random() - 0.5))
  })
  return { ...bars, volume }
}

describe('features across symbols', () => {
  const across = set({ rank: 'CSRank($close/Ref($close,5))', smooth: 'Mean(CSZScore($volume),10)', own: '$close/Ref($close,3)' })

  it('pass when sound: histories of all symbols are cut at one session', async () => {
    const { verdict, reasons, check: found } = await check('across', walks(6, 160), across, returns)
    expect([verdict, reasons]).toEqual(['passed', []])
    expect(found.lookAhead.features).toEqual([])
    const settles = found.warmUp.features.map(({ name, settles }) => [name, settles])
    expect(settles).toEqual(['rank', 'smooth', 'own'].map((name) => [name, 20]))
    // one feature of six symbols at eight cuts, two of them at four
    expect(found.lookAhead.cuts).toBeGreaterThan(44)
  })

  it('are refused when a later session of another symbol changes their past', async () => {
    // the first volume of one symbol tells how many bars come after it
    const early = ({ symbol, sessions, volume, ...bars }: BarColumns): BarColumns => ({
      ...bars,
      symbol,
      sessions,
      volume: symbol === 'W03' ? volume.map((value, row) => (row === 0 ? value * sessions.length : value)) : volume,
    })
    const pool: ThreadPool = {
      ...threads,
      compute: (tasks) => threads.compute(tasks.map((task) => ({ ...task, bars: early(task.bars) }))),
    }
    const { verdict, check: found } = await check('across-early', walks(6, 158), across, returns, { pool })
    expect([verdict, found.lookAhead.features.map(({ name }) => name)]).toEqual(['refused', ['smooth']])
    // and in the others' past
    expect(found.lookAhead.features[0]).toMatchObject({ symbol: 'W00', session: walks(1, 1)[0]!.sessions[0] })
  })
})

describe('what is sound passes', () => {
  it('technical on walks with suspensions: histories are cut within and behind them, on the rows that the build has', async () => {
    const suspended = walks(6, 160).map((bars, at) => joinBars(sliceBars(bars, 0, 60 + at), sliceBars(bars, 75 + 2 * at, 160)))
    const { reasons, check: found } = await check('suspended', suspended, technical, returns)
    expect(reasons).toEqual([])
    expect(found.lookAhead).toMatchObject({ symbols: 6, features: [] })
    expect(found.lookAhead.cuts).toBeGreaterThan(40)
  })

  it('alpha158 on walks: not a cell of a cut history differs, and nothing knows the returns', async () => {
    const { verdict, reasons, check: found } = await check('sound', walks(6, 160), withoutAbsent(alpha158), returns)
    expect([verdict, reasons]).toEqual(['passed', []])
    expect(found.lookAhead).toMatchObject({ symbols: 6, cuts: expect.toSatisfy((cuts: number) => cuts > 40 && cuts <= 48), features: [] })
    expect(found.lookAhead.cells).toBeGreaterThan(157 * 40)
    // windows are full after their look-back; until then they differ
    for (const { name, lookback, variance, missing, settles } of found.warmUp.features) {
      const at = found.warmUp.lengths.findIndex((length) => length >= lookback)
      expect(variance[at]! + missing[at]!, name).toBeLessThan(1e-9)
      expect(settles, name).toBeLessThanOrEqual(Math.max(20, found.warmUp.lengths[at]!))
    }
    expect(found.warmUp.features.find(({ name }) => name === 'STD60')!.variance[0]).toBeGreaterThan(0.01)
  })

  it('technical on real bars and their range, which is foretold by its own past: strong, and not suspicious', async () => {
    const { snapshotId } = await world.sync({ kind: 'sample' }, { dataset: 'sample' })
    const manifest = await world.db.query.snapshot.findFirst({ where: (row, { eq }) => eq(row.id, snapshotId!) })
    const checked = { ...world, pool: threads }
    const buildId = await buildFeatures(checked, {
      snapshot: { id: snapshotId!, manifest: manifest!.manifest },
      dataset: 'sample',
      featureSet: technical,
      label: range,
    })
    const { report, verdict, reasons } = await checkBuild(checked, { buildId, seed: 3 }, new AbortController().signal)
    const { leakage, warmUp } = FeatureCheck.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(report))))
    expect([verdict, reasons]).toEqual(['passed', []])
    const strongest = Math.max(...leakage.features.map(({ label }) => Math.abs(label!)))
    expect(strongest).toBeGreaterThan(plausibleExcess)
    // a recursive indicator forgets its start slowly, a mean at once
    const settles = Object.fromEntries(warmUp.features.map(({ name, settles: length }) => [name, length]))
    expect(settles.sma_20).toBe(20)
    expect(settles.rsi_24).toBeGreaterThanOrEqual(250)
  })
})

describe('what is planted is found', () => {
  /** An operator that reads ahead, as a fault of a kernel would: one column is scaled by the mean of the whole history. */
  const peeking = (feature: number, rows: (values: Float32Array, row: number) => number): ThreadPool => ({
    ...threads,
    compute: async (tasks) => {
      const computed = await threads.compute(tasks)
      for (const columns of computed.columns.flat()) {
        const values = columns[feature]
        if (values !== undefined) columns[feature] = Float32Array.from(values, (_, row) => rows(values, row))
      }
      return computed
    },
  })

  it('a feature that is scaled by the mean of its whole history is named, and it alone', async () => {
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + (Number.isFinite(value) ? value : 0), 0) / values.length
    const pool = peeking(1, (values, row) => values[row]! / mean(values))
    const {
      verdict,
      check: found,
      reasons,
    } = await check('scaled', walks(4, 120), set({ a: '$close/$open', b: '$high/$low', c: '$volume' }), returns, {
      pool,
    })
    expect(verdict).toBe('refused')
    expect(found.lookAhead.features.map(({ name }) => name)).toEqual(['b'])
    expect(reasons).toEqual([
      expect.stringMatching(/^b looks ahead: \d+ of its values change .* such as that of W0\d on 2007-01-02 when nothing after 2007/),
    ])
  })

  it('a feature that reads one row ahead on one row in twenty', async () => {
    const pool = peeking(0, (values, row) => (row % 20 === 7 && row + 1 < values.length ? values[row + 1]! : values[row]!))
    // such a cut must fall on such a row: of 6 symbols and 8 cuts each, some do for most seeds
    const found = await Promise.all(
      [1, 2, 3, 4].map(
        async (seed) =>
          (await check(`one-row-${seed}`, walks(6, 200 + seed), set({ a: '$close/$open', b: '$high/$low' }), returns, { pool, seed }))
            .verdict,
      ),
    )
    expect(found.filter((verdict) => verdict === 'refused').length).toBeGreaterThanOrEqual(3)
  })

  it('a column of the data that holds the label, whole or in part; the other features are not blamed', async () => {
    for (const share of [1, 0.7]) {
      const bars = walks(12, 260).map((each) => leakyVolume(each, share))
      const {
        verdict,
        reasons,
        check: found,
      } = await check(`leaky-${share}`, bars, set({ v: '$volume', a: '$close/$open', m: 'Mean($close,5)/$close' }), returns)
      expect([verdict, found.lookAhead.features]).toEqual(['refused', []])
      expect(found.leakage.features.filter(({ suspicious }) => suspicious).map(({ name }) => name)).toEqual(['v'])
      expect(reasons).toEqual([expect.stringMatching(/^v seems to know the label: its rank correlation with it is [01]\.\d+/)])
    }
  })

  it('the same in a time-series label of a few symbols', async () => {
    const label: LabelDefinition = { expression: returns.expression, kind: 'time-series' }
    const bars = walks(2, 60 * 16).map((each) => leakyVolume(each, 0.8))
    const { verdict, check: found } = await check('leaky-series', bars, set({ v: '$volume', a: '$close/$open' }), label)
    expect([verdict, found.leakage.features.map(({ suspicious }) => suspicious)]).toEqual(['refused', [true, false]])
  })

  it('what is known already is no leak, however strong', async () => {
    // the return of today, which the label was two sessions ago
    const bars = walks(12, 260).map((each) => leakyVolume(each, 1, [-1, 0] as never))
    const { verdict, check: found } = await check('known', bars, set({ v: '$volume', a: '$close/$open' }), returns)
    expect(verdict).toBe('passed')
    expect(Math.abs(found.leakage.features[0]!.before!)).toBeGreaterThan(0.9)
  })
})

describe('a check', () => {
  it('that has too little to go by says so, and is not passed', async () => {
    const short = await check('short', walks(4, 10), set({ a: '$close/$open' }), returns)
    expect([short.verdict, short.reasons]).toEqual(['inconclusive', [expect.stringContaining('fewer than 12 sessions')]])
    const alone = await check('alone', walks(1, 300), set({ a: '$close/$open' }), returns)
    expect(alone.verdict).toBe('inconclusive')
  })

  it('leaves the labels of a test segment closed', async () => {
    const [first, ...others] = walks(12, 260)
    const sessions = first!.sessions
    const leaky = [first!, ...others].map((each) => {
      const told = leakyVolume(each, 1)
      // the leak is in the later half only
      return { ...told, volume: told.volume.map((value, row) => (row < 130 ? each.volume[row]! : value)) }
    })
    const features = set({ v: '$volume', a: '$close/$open' })
    const closed = await check('closed', leaky, features, returns, { before: sessions[130]! })
    expect([closed.verdict, closed.check.leakage.before]).toEqual(['passed', sessions[130]])
    expect(closed.check.leakage.features[0]!.observations).toBeLessThanOrEqual(130 - 2)
    const opened = await check('closed', leaky, features, returns)
    expect(opened.verdict).toBe('refused')
    expect(await world.db.query.featureCheck.findMany({ where: (row, { eq }) => eq(row.buildId, opened.input.buildId) })).toMatchObject([
      { verdict: 'refused', before: null },
    ])
  })

  it('is found when it is asked for again, and gives the same bytes when it is made again', async () => {
    const { report, input, checked } = await check('again', walks(4, 60), set({ a: '$close/$open' }), returns)
    const again = () => checkBuild(checked, input, new AbortController().signal)
    const untouched: ThreadPool = { ...threads, compute: () => Promise.reject(new Error('computed again')) }
    await expect(checkBuild({ ...checked, pool: untouched }, input, new AbortController().signal)).resolves.toMatchObject({ report })
    await world.db.delete(featureCheck)
    expect((await again()).report).toEqual(report)
    await world.db.delete(featureCheck)
    await expect(checkBuild(checked, input, AbortSignal.abort(new Error('shut down')))).rejects.toThrow('shut down')
  })
})
