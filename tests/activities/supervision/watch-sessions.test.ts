import { randomUUID } from 'node:crypto'
import { asc, eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openMonitors } from '#activities/supervision/open-monitors.ts'
import { watchSessions } from '#activities/supervision/watch-sessions.ts'
import {
  alert,
  endpointEvent,
  forecast,
  monitor,
  monitorPoint,
  prediction,
  predictionScore,
  realizedLabel,
  retrain,
  sessionScore,
  supervision,
} from '#db/schema.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { begin, type Build, endpoint, market, sessions, type SupervisedWorld, supervisedWorld, symbols } from './world.ts'

let world: SupervisedWorld
beforeEach(async () => {
  world = await supervisedWorld()
})
afterEach(() => world.close())

const never = new AbortController().signal
const watch = (build: Build, cancelled = never) => watchSessions(world, { endpoint, build }, cancelled)

async function start(policy: object = {}, of: Parameters<SupervisedWorld['supervise']>[1] = {}): Promise<Build> {
  const build = await world.land(begin)
  await world.register(build, 1, 'lightgbm')
  await world.supervise(policy, of)
  return build
}

/** The persistence forecast's error at a row of the bars, by hand. */
function naiveError(row: number, { high, low }: BarColumns, shift = 0.001): number {
  const rangeAt = (at: number) => Math.fround(Math.log(high[at]! / low[at]!))
  return rangeAt(row) + shift - rangeAt(row + 1)
}

const scoresOf = (forecaster: string) =>
  world.db.select().from(sessionScore).where(eq(sessionScore.forecaster, forecaster)).orderBy(asc(sessionScore.session))

describe('a landing', () => {
  test('is forecast, and scores the session whose label it completes', async () => {
    await start()
    expect(await watch(await world.land(begin + 1))).toEqual({ through: sessions[begin], sessions: 1, alarmed: false, alerts: [] })
    expect(await scoresOf('walk@1')).toEqual([])
    expect(await watch(await world.land(begin + 2))).toEqual({ through: sessions[begin + 1], sessions: 1, alarmed: false, alerts: [] })

    const said = await world.db.select().from(forecast)
    expect(said).toHaveLength(2 * 2 * symbols.length)
    const [score] = await scoresOf('persistence/walk@1')
    const errors = market.map((bars) => naiveError(begin, bars))
    expect(score).toMatchObject({ session: sessions[begin], rows: symbols.length, labelRevisions: symbols.length })
    expect(score!.loss).toBeCloseTo(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length, 7)
    expect(score!.bias).toBeCloseTo(errors.reduce((sum, error) => sum + error, 0) / errors.length, 7)
    const champion = await scoresOf('walk@1')
    expect(champion.map(({ session }) => session)).toEqual([sessions[begin]])
    expect(await world.db.select().from(endpointEvent).orderBy(asc(endpointEvent.sequence))).toMatchObject([
      { key: `session/${sessions[begin]}`, detail: { matured: sessions[begin - 1], losses: {} } },
      {
        key: `session/${sessions[begin + 1]}`,
        detail: { matured: sessions[begin], losses: { 'walk@1': champion[0]!.loss, 'persistence/walk@1': score!.loss } },
      },
    ])
  })

  test('watched again changes nothing', async () => {
    await start()
    const build = await world.land(begin + 5)
    await watch(build)
    const before = await everything()
    expect(await watch(build)).toEqual({ through: sessions[begin + 4], sessions: 0, alarmed: false, alerts: [] })
    expect(await everything()).toEqual(before)
  })

  test('at the very beginning only the last session is work', async () => {
    const build = await start({}, { processedThrough: null, championAfter: null })
    expect(await watch(build)).toEqual({ through: sessions[begin - 1], sessions: 1, alarmed: false, alerts: [] })
  })

  test('of another label is refused', async () => {
    const build = await start({}, { label: { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' } })
    await expect(watch(build)).rejects.toMatchObject({ code: 'conflict' })
  })
})

describe('a live prediction', () => {
  const live = (session: string, value: number, of: Partial<typeof prediction.$inferInsert> = {}) => ({
    id: randomUUID(),
    endpoint,
    deploymentId: randomUUID(),
    revision: 1,
    modelName: 'walk',
    modelVersion: 1,
    onnxSha256: 'f'.repeat(64),
    input: { kind: 'feature-row' as const, buildId: 'b'.repeat(64), symbol: 'AAA', session, sha256: 'a'.repeat(64) },
    value,
    stale: false,
    replicaId: 'r',
    predictedAt: '2008-01-01T00:00:00Z',
    ...of,
  })

  test('is scored when its label is known, however late it was shipped, and a raw tensor never', async () => {
    await start()
    const early = live(sessions[begin]!, 0.5)
    const foreign = live(sessions[begin]!, 0.5, { endpoint: 'other' })
    const tensor = live(sessions[begin]!, 0.5, { input: { kind: 'tensor', values: [1], sha256: 'a'.repeat(64) } })
    await world.db.insert(prediction).values([early, foreign, tensor])
    await watch(await world.land(begin + 1))
    expect(await world.db.select().from(predictionScore)).toEqual([])

    const build = await world.land(begin + 2)
    await watch(build)
    const late = live(sessions[3]!, 0.25)
    await world.db.insert(prediction).values(late)
    await watch(build)
    const scores = await world.db.select().from(predictionScore).orderBy(asc(predictionScore.scoredAt))
    const label = Math.fround(Math.log(market[0]!.high[begin + 1]! / market[0]!.low[begin + 1]!))
    expect(scores.map(({ predictionId }) => predictionId)).toEqual([early.id, late.id])
    expect(scores[0]).toMatchObject({ labelRevision: 1, snapshotId: build.snapshotId })
    expect(scores[0]!.squaredError).toBeCloseTo((0.5 - label) ** 2, 6)
  })

  test('is scored anew when its bars were restated: exactly those', async () => {
    await start()
    const rows = Array.from({ length: 10 }, (_, at) => live(sessions[begin + at]!, 0.1))
    await world.db.insert(prediction).values(rows)
    await watch(await world.land(begin + 12))
    const scoresBefore = await world.db.select().from(predictionScore)

    // the high of one bar: the label of the session before reads it
    const restated = { ...market[0]!, high: market[0]!.high.slice() }
    restated.high[begin + 5]! += 1
    // a volume, which no label reads
    restated.volume = market[0]!.volume.slice()
    restated.volume[begin + 8]! += 1
    const build = await world.land(begin + 12, { bars: [restated, ...market.slice(1)] })
    await watch(build)

    const labels = await world.db
      .select()
      .from(realizedLabel)
      .where(sql`revision > 1`)
    expect(labels).toMatchObject([{ symbol: 'AAA', session: sessions[begin + 4], revision: 2, snapshotId: build.snapshotId }])
    const changed = (await world.db.select().from(predictionScore)).filter(
      (score) => !scoresBefore.some((before) => before.predictionId === score.predictionId && before.scoredAt === score.scoredAt),
    )
    expect(changed).toMatchObject([{ predictionId: rows[4]!.id, labelRevision: 2, label: labels[0]!.value }])
    const sessionScores = await scoresOf('persistence/walk@1')
    expect(sessionScores.filter(({ labelRevisions }) => labelRevisions !== 3)).toMatchObject([
      { session: sessions[begin + 4], labelRevisions: 4 },
    ])
    const errors = [restated, ...market.slice(1)].map((bars) => {
      const label = Math.fround(Math.log(bars.high[begin + 5]! / bars.low[begin + 5]!))
      return Math.fround(Math.log(bars.high[begin + 4]! / bars.low[begin + 4]!)) + 0.001 - label
    })
    expect(sessionScores[4]!.loss).toBeCloseTo(errors.reduce((sum, error) => sum + error ** 2, 0) / 3, 7)

    await watch(build)
    expect(
      await world.db
        .select()
        .from(realizedLabel)
        .where(sql`revision > 1`),
    ).toEqual(labels)
  })

  test('across symbols is looked at again for all of them when a bar of one was restated', async () => {
    const of = { expression: 'CSZScore(Log(Ref($high,-1)/Ref($low,-1)))', kind: 'cross-sectional' } as const
    await world.register(await world.land(begin, { of }), 1, 'lightgbm')
    await world.supervise({}, { label: of })
    await watch(await world.land(begin + 12, { of }))
    const restated = { ...market[0]!, high: market[0]!.high.slice() }
    restated.high[begin + 5]! += 1
    await watch(await world.land(begin + 12, { bars: [restated, ...market.slice(1)], of }))
    const again = await world.db
      .select()
      .from(realizedLabel)
      .where(sql`revision > 1`)
      .orderBy(asc(realizedLabel.symbol))
    expect(again.map(({ symbol, session }) => [symbol, session])).toEqual(symbols.map((symbol) => [symbol, sessions[begin + 4]]))
  })

  test('whose label a roll-back withdrew stands until the session lands again, and is then scored by the new bars', async () => {
    await start()
    const rows = Array.from({ length: 11 }, (_, at) => live(sessions[begin + at]!, 0.1))
    await world.db.insert(prediction).values(rows)
    await watch(await world.land(begin + 12))
    const before = await world.db.select().from(predictionScore)
    expect(before).toHaveLength(11)

    // the head goes back by four sessions: nothing is unsaid, and nothing is processed twice
    const back = await watch(await world.land(begin + 8))
    expect(back).toMatchObject({ through: sessions[begin + 11], sessions: 0, alerts: [] })
    expect(await world.db.select().from(predictionScore)).toEqual(before)

    // the same sessions again, one with another high
    const restated = { ...market[0]!, high: market[0]!.high.slice() }
    restated.high[begin + 9]! += 1
    const build = await world.land(begin + 12, { bars: [restated, ...market.slice(1)] })
    expect(await watch(build)).toMatchObject({ sessions: 0 })
    const labels = await world.db
      .select()
      .from(realizedLabel)
      .where(sql`revision > 1`)
    expect(labels).toMatchObject([{ symbol: 'AAA', session: sessions[begin + 8], revision: 2, snapshotId: build.snapshotId }])
    expect(await world.db.select().from(predictionScore).where(eq(predictionScore.labelRevision, 2))).toMatchObject([
      { predictionId: rows[8]!.id, label: labels[0]!.value },
    ])
    expect(await watch(await world.land(begin + 13, { bars: [restated, ...market.slice(1)] }))).toMatchObject({ sessions: 1 })
  })

  test('a label that came late is scored, and its session anew', async () => {
    await start()
    const halted = (symbol: string, session: string) => symbol === 'BBB' && session === sessions[begin + 1]
    await watch(await world.land(begin + 5, { blank: halted }))
    expect((await scoresOf('walk@1')).map(({ rows }) => rows)).toEqual([3, 2, 3, 3])
    await watch(await world.land(begin + 6))
    expect((await scoresOf('walk@1')).map(({ rows }) => rows)).toEqual([3, 3, 3, 3, 3])
  })
})

describe('monitors', () => {
  const quiet = Array.from({ length: 60 }, (_, at) => 1e-4 * (1 + 0.3 * Math.sin(at * at)))
  const policy = { decay: { blockSessions: 10 }, drift: { windowSessions: 20, everySessions: 5 } }
  const open = async (version = 1, after = sessions[begin - 1]!) =>
    openMonitors(world, { endpoint, model: { name: 'walk', version }, after, walkForward: await world.walkForward(quiet) })
  const pointsOf = (kind: 'decay' | 'data-drift') =>
    world.db
      .select({ session: monitorPoint.session, statistic: monitorPoint.statistic, fired: monitorPoint.fired, detail: monitorPoint.detail })
      .from(monitorPoint)
      .innerJoin(monitor, eq(monitor.id, monitorPoint.monitorId))
      .where(eq(monitor.kind, kind))
      .orderBy(asc(monitorPoint.session))

  test('a CUSUM follows the losses, fires, and begins again', async () => {
    await start(policy)
    await open()
    const { alerts, alarmed } = await watch(await world.land(begin + 30))
    expect(alarmed).toBe(true)
    const [decay] = await world.db.select().from(monitor).where(eq(monitor.kind, 'decay'))
    const losses = await scoresOf('walk@1')
    const points = await pointsOf('decay')
    expect(points.map(({ session }) => session)).toEqual(sessions.slice(begin, begin + 29))
    const mean = quiet.reduce((sum, loss) => sum + loss, 0) / quiet.length
    const deviation = Math.sqrt(quiet.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / (quiet.length - 1))
    let sum = 0
    points.forEach((point, at) => {
      const statistic = Math.max(0, sum + (losses[at]!.loss - mean) / deviation - 0.5)
      expect(point.statistic).toBeCloseTo(statistic, 6)
      expect(point.fired).toBe(statistic > decay!.threshold)
      sum = point.fired ? 0 : point.statistic
    })
    const fired = points.filter((point) => point.fired)
    expect(fired.length).toBeGreaterThan(0)
    // the loss of a session is known one session later
    const landed = fired.map(({ session }) => sessions[sessions.indexOf(session) + 1])
    expect(alerts.filter(({ kind }) => kind === 'decay').map(({ session }) => session)).toEqual(landed)
    const rows = await world.db.select().from(alert).where(eq(alert.kind, 'decay')).orderBy(asc(alert.session))
    expect(rows.map(({ session }) => session)).toEqual(landed)
    expect(rows[0]).toMatchObject({
      monitorId: decay!.id,
      severity: 'warning',
      evidence: { model: 'walk@1', lossSession: fired[0]!.session },
    })
    expect(rows[0]!.summary).toMatch(/^the loss of walk@1 has risen: \d/)
  })

  test('opened late they see what they would have seen', async () => {
    await start(policy)
    await open()
    for (const rows of [begin + 1, begin + 2, begin + 9, begin + 10, begin + 25]) await watch(await world.land(rows))
    const daily = await everything()
    await world.close()

    world = await supervisedWorld()
    await start(policy)
    const build = await world.land(begin + 25)
    await watch(build)
    expect(await pointsOf('decay')).toEqual([])
    await open()
    const { alerts } = await watch(build)
    expect(alerts.length).toBeGreaterThan(0)
    expect(await everything()).toEqual(daily)
  })

  test('of a later champion end those of the one before, and asking again changes nothing', async () => {
    const build = await start(policy)
    await world.register(build, 2, 'linear')
    await open()
    await open()
    expect(await world.db.select().from(monitor)).toHaveLength(2)
    await expect(open(2)).rejects.toMatchObject({ code: 'conflict' })
    await watch(await world.land(begin + 3))
    await world.db.update(supervision).set({ championVersion: 2, championAfter: sessions[begin] })
    await open(2, sessions[begin])
    const rows = await world.db.select().from(monitor).orderBy(asc(monitor.createdAt))
    expect(rows.map(({ modelVersion, endedAt }) => [modelVersion, endedAt === null])).toEqual([
      [1, false],
      [1, false],
      [2, true],
      [2, true],
    ])
    // the sessions that it missed are forecast, and its monitor catches up
    await watch(await world.land(begin + 4))
    expect((await scoresOf('walk@2')).map(({ session }) => session)).toEqual(sessions.slice(begin + 1, begin + 3))
    await expect(open(1)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('drift is looked at every fifth session, and one alert opens an episode', async () => {
    await start(policy)
    await open()
    // from here on every range is five times as wide
    const wide = market.map((bars) => ({
      ...bars,
      high: bars.high.map((high, row) => (row < begin + 2 ? high : bars.low[row]! + 5 * (high - bars.low[row]!))),
    }))
    const { alerts } = await watch(await world.land(begin + 31, { bars: wide }))
    const points = await pointsOf('data-drift')
    expect(points.map(({ session }) => session)).toEqual([4, 9, 14, 19, 24, 29].map((at) => sessions[begin + at]))
    expect(points.at(-1)).toMatchObject({
      fired: true,
      detail: { rows: 60, features: { RANGE: { drifted: true }, RETURN: { drifted: false } } },
    })
    const first = points.find(({ fired }) => fired)!
    expect(alerts.filter(({ kind }) => kind === 'data-drift').map(({ session }) => session)).toEqual([first.session])
    const [row] = await world.db.select().from(alert).where(eq(alert.kind, 'data-drift'))
    expect(row!.summary).toMatch(/^\d of 4 features of the 20 sessions up to .* have drifted .*RANGE \(KS 0/)
  })

  test('wait for an undecided challenge at its next look, and go on after it', async () => {
    await start({ ...policy, challenge: { firstLook: 5, lookEvery: 5, lastLook: 15 } })
    await open()
    const id = await world.openRetrain(sessions[begin + 2]!)
    const build = await world.land(begin + 30)
    await watch(build)
    expect((await scoresOf('walk@1')).at(-1)!.session).toBe(sessions[begin + 28])
    const last = async () => (await pointsOf('decay')).at(-1)!.session
    expect(await last()).toBe(sessions[begin + 7])
    const look = { sessions: 5, through: sessions[begin + 7]!, challengerLoss: 1, championLoss: 1, persistenceLoss: 1, gain: 0, t: 0, z: 0 }
    await world.db.update(retrain).set({ looks: [{ ...look, boundary: 3, verdict: 'continue' }] })
    await watch(build)
    expect(await last()).toBe(sessions[begin + 12])
    // paused, nothing is decided, so nothing is waited for
    await world.db.update(supervision).set({ state: 'paused' })
    await watch(build)
    expect(await last()).toBe(sessions[begin + 28])
    await world.db
      .update(retrain)
      .set({ endedAt: sql`now()` })
      .where(eq(retrain.id, id))
  })
})

test('a challenger that appears late is forecast for the sessions that it missed', async () => {
  const build = await start()
  await world.register(build, 2, 'linear')
  const id = await world.openRetrain(sessions[begin + 1]!)
  await watch(await world.land(begin + 8))
  expect(await scoresOf('walk@2')).toEqual([])
  await world.db.update(retrain).set({ challengerName: 'walk', challengerVersion: 2, state: 'challenging' }).where(eq(retrain.id, id))
  await watch(await world.land(begin + 9))
  expect((await scoresOf('walk@2')).map(({ session }) => session)).toEqual(sessions.slice(begin + 2, begin + 8))
  expect(await scoresOf('persistence/walk@2')).toEqual([])
})

test('a month without labels is told, and told again after another', async () => {
  await start()
  const { alerts } = await watch(await world.land(begin + 50, { blank: (_, session) => session >= sessions[begin + 3]! }))
  expect(alerts).toMatchObject([
    { kind: 'no-labels', session: sessions[begin + 3 + 21] },
    { kind: 'no-labels', session: sessions[begin + 3 + 42] },
  ])
  const [row] = await world.db.select().from(alert).orderBy(asc(alert.session))
  expect(row).toMatchObject({ evidence: { missing: 21, last: sessions[begin + 2], due: sessions[begin + 23] } })
})

test('stopped in between and done by four at once, it is as if done in quiet', async () => {
  await start()
  const build = await world.land(begin + 20)
  await watch(build)
  const quiet = await everything()
  await world.close()

  world = await supervisedWorld()
  await start()
  const again = await world.land(begin + 20)
  const stop = new AbortController()
  const stopped = watch(again, stop.signal)
  const reached = world.db.select({ count: sql<number>`count(*)::int` }).from(forecast)
  while ((await reached)[0]!.count === 0) await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await expect(stopped).rejects.toThrow('aborted')
  const answers = await Promise.all([1, 2, 3, 4].map(() => watch(again)))
  expect(answers.map(({ through }) => through)).toEqual(answers.map(() => sessions[begin + 19]))
  expect(answers.reduce((sum, { sessions: done }) => sum + done, 0)).toBeLessThan(20)
  expect(await everything()).toEqual(quiet)
})

/** What was seen, without times and ids. */
async function everything() {
  const { db } = world
  const without = <T extends object>(rows: T[], ...fields: string[]) =>
    rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !fields.includes(name))))
  return {
    labels: without(await db.select().from(realizedLabel).orderBy(asc(realizedLabel.symbol), asc(realizedLabel.session)), 'snapshotId'),
    forecasts: without(await db.select().from(forecast).orderBy(forecast.forecaster, forecast.symbol, forecast.session), 'buildId'),
    scores: without(await db.select().from(sessionScore).orderBy(sessionScore.forecaster, sessionScore.session), 'scoredAt'),
    points: without(await db.select().from(monitorPoint).orderBy(monitorPoint.session, monitorPoint.statistic), 'monitorId'),
    alerts: without(await db.select().from(alert).orderBy(alert.kind, alert.session), 'id', 'monitorId', 'raisedAt'),
    through: (await db.select().from(supervision)).map(({ processedThrough }) => processedThrough),
    sessions: (await db.select().from(endpointEvent).where(eq(endpointEvent.kind, 'session')).orderBy(asc(endpointEvent.sequence))).map(
      ({ key, detail }) => ({ key, detail }),
    ),
  }
}
