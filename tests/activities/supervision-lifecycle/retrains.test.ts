import { randomUUID } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TrainModelInput } from '#contracts/training.ts'
import { endpoint as endpoints, snapshot } from '#db/schema.ts'
import { begin, sessions, supervisedWorld, type SupervisedWorld } from '#tests/activities/supervision/world.ts'
import { type DevTemporal, devTemporal } from '#tests/support/temporal.ts'
import { type Lifecycle, lifecycle } from './world.ts'

let temporal: DevTemporal
beforeAll(async () => {
  temporal = await devTemporal()
})
afterAll(() => temporal.close())

const inLifecycle = (test: (life: Lifecycle) => Promise<void>) => async () => {
  const world: SupervisedWorld = await supervisedWorld()
  try {
    await test(await lifecycle(world, temporal))
  } finally {
    await world.close()
  }
}

const twice = async (work: () => Promise<unknown>) => {
  await work()
  await work()
}
/** the session of the alarm in these stories */
const alarmed = sessions[begin + 4]!

/** From an alarm to a challenger whose sessions are scored. */
async function challenge(life: Lifecycle, losses: Parameters<Lifecycle['scores']>[2], count = 30, policy: object = {}) {
  await life.supervise(policy)
  const alertId = await life.alarm(alarmed)
  const started = (await life.start())!
  await twice(() => life.activities.trainChallenger({ retrainId: started.id, build: life.build }))
  await life.registered(started.runId)
  await twice(() => life.activities.openChallenge({ retrainId: started.id }))
  await life.scores(alarmed, count, losses)
  await life.processed(sessions[begin + 4 + count + 1]!)
  return { ...started, alertId }
}

describe('opening', () => {
  it(
    'is refused where nothing answers, and makes what answers the champion, once',
    inLifecycle(async (life) => {
      await expect(
        life.activities.openSupervision({ endpoint: 'nowhere', policy: {} as never, origin: { by: 'a', bodySha256: 'b' } }),
      ).rejects.toMatchObject({
        code: 'endpoint_not_found',
      })
      await life.db.insert(endpoints).values({ name: life.endpoint })
      await expect(
        life.activities.openSupervision({ endpoint: life.endpoint, policy: {} as never, origin: { by: 'a', bodySha256: 'b' } }),
      ).rejects.toMatchObject({ code: 'endpoint_not_ready' })
      await life.supervise()
      await life.supervise()
      expect(await life.row()).toMatchObject({
        state: 'running',
        championName: 'walk',
        championVersion: 1,
        championAfter: sessions[begin - 1],
        processedThrough: sessions[begin - 1],
      })
      expect(await life.stock()).toMatchObject({
        dataset: 'walk',
        features: { featureSet: 'four' },
        served: null,
        champion: { model: { name: 'walk', version: 1 }, after: sessions[begin - 1], watched: false },
        retrain: null,
        fallback: null,
      })
    }),
  )

  it(
    'again goes on where it was, and with the policy of the day',
    inLifecycle(async (life) => {
      await life.supervise()
      await life.processed(sessions[begin + 3]!)
      await twice(() => life.activities.closeSupervision({ endpoint: life.endpoint, state: 'stopped', reason: 'stopped by zoe' }))
      expect(await life.row()).toMatchObject({ state: 'stopped', failure: 'stopped by zoe' })
      await life.supervise({ cooldownSessions: 7 }, begin + 20)
      expect(await life.row()).toMatchObject({
        state: 'running',
        endedAt: null,
        failure: null,
        processedThrough: sessions[begin + 3],
        policy: { cooldownSessions: 7 },
      })
    }),
  )
})

describe('a retrain', () => {
  it(
    'belongs to its alarm, and is started once: row, audit and training run',
    inLifecycle(async (life) => {
      await life.supervise()
      await life.processed(sessions[begin + 9]!)
      const alertId = await life.alarm(alarmed)
      const ids = { retrainId: randomUUID(), runId: randomUUID() }
      const [one, two] = await Promise.all([life.start(undefined, ids), life.start('ann')])
      expect(two).toEqual(one)
      expect(await life.retrains()).toMatchObject([
        { id: one!.id, trigger: 'decay', alertId, session: alarmed, state: 'training', requestedBy: `policy:${life.endpoint}` },
      ])
      expect(await life.audits(one!.id)).toEqual([`start-retrain by policy:${life.endpoint}`])
      expect((await life.stock()).retrain).toMatchObject({ id: one!.id, move: 'train' })

      await twice(() => life.activities.trainChallenger({ retrainId: one!.id, build: life.build }))
      expect((await life.stock()).retrain).toMatchObject({ move: 'wait', stage: 'train' })
      const { events } = await life.training(one!.runId).fetchHistory()
      const payload = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!
      const input = JSON.parse(Buffer.from(payload.data!).toString()) as TrainModelInput
      expect(input).toMatchObject({
        runId: one!.runId,
        modelName: 'walk',
        snapshotId: life.build.snapshotId,
        notify: `supervise/${life.endpoint}`,
      })
      expect(input.recipe.segments.earlyStopping.to).toBe(alarmed)
      expect(input.recipe.segments).not.toHaveProperty('test')
    }),
  )

  it(
    'is not started by an alarm within the cooldown of the last, and by one that waited when it is over',
    inLifecycle(async (life) => {
      await life.supervise({ cooldownSessions: 5 })
      await life.alarm(sessions[begin + 1]!)
      await life.alarm(sessions[begin + 6]!)
      const first = await life.start()
      expect(first).toMatchObject({ session: sessions[begin + 1] })
      await life.activities.refusePromotion({ retrainId: first!.id })
      expect(await life.start()).toBeNull()
      await life.alarm(sessions[begin + 7]!)
      expect(await life.start()).toMatchObject({ session: sessions[begin + 7] })
      expect(await life.retrains()).toHaveLength(2)
    }),
  )

  it(
    'is started by hand within a cooldown too, on what was processed, and counts for no cooldown',
    inLifecycle(async (life) => {
      await life.supervise({ cooldownSessions: 5 })
      await life.processed(sessions[begin + 2]!)
      const manual = await life.start('ann')
      expect(manual).toMatchObject({ trigger: 'manual', session: sessions[begin + 2] })
      await life.activities.refusePromotion({ retrainId: manual!.id })
      await life.alarm(sessions[begin + 3]!)
      expect(await life.start()).toMatchObject({ trigger: 'decay', session: sessions[begin + 3] })
    }),
  )

  it(
    'is not started by an alarm that the policy does not list',
    inLifecycle(async (life) => {
      await life.supervise()
      await life.alarm(alarmed, 'data-drift')
      expect(await life.start()).toBeNull()
      await life.activities.setPolicy({
        endpoint: life.endpoint,
        policy: { retrainOn: ['data-drift'] },
        command: { commandId: randomUUID(), by: 'ann' },
      })
      expect(await life.start()).toMatchObject({ trigger: 'data-drift' })
    }),
  )

  it(
    'that the data cannot fill ends as failed, with an alert, and makes room',
    inLifecycle(async (life) => {
      await life.supervise()
      await life.alarm(sessions[10]!)
      const started = (await life.start())!
      await twice(() => life.activities.trainChallenger({ retrainId: started.id, build: life.build }))
      expect(await life.retrains()).toMatchObject([{ state: 'failed', reason: expect.stringContaining('two sessions at least') as string }])
      expect((await life.alerts()).map(({ kind }) => kind).toSorted()).toEqual(['decay', 'retrain-failed'])
      expect((await life.stock()).retrain).toBeNull()
    }),
  )

  it(
    'whose training run is gone or failed ends as failed',
    inLifecycle(async (life) => {
      await life.supervise()
      const started = (await life.start('ann'))!
      await life.activities.trainChallenger({ retrainId: started.id, build: life.build })
      await life.registered(started.runId)
      await life.training(started.runId).terminate()
      expect((await life.stock()).retrain).toMatchObject({ move: 'fail' })
      await twice(() => life.activities.failRetrain({ retrainId: started.id }))
      expect(await life.retrains()).toMatchObject([{ state: 'failed', reason: expect.stringContaining('lost its workflow') as string }])
      expect(await life.alerts()).toMatchObject([{ kind: 'retrain-failed', severity: 'critical' }])
    }),
  )
})

describe('a verdict', () => {
  it(
    'that is better: approval, rollout and promotion, each once, and champion from the verdict on',
    inLifecycle(async (life) => {
      const { id: retrainId, runId } = await challenge(life, { champion: 0.5, challenger: 0.2, persistence: 0.6 }, 10)
      expect((await life.stock()).retrain).toMatchObject({ move: 'judge', stage: 'challenge' })
      expect(await life.activities.judge({ retrainId })).toBe(true)
      expect(await life.activities.judge({ retrainId })).toBe(false)
      const verdict = sessions[begin + 14]!
      const { retrain: better } = await life.stock()
      expect(better).toMatchObject({ move: 'approve', reason: expect.stringMatching(/^better after 10 sessions/) as string })

      await twice(() => life.activities.decideTraining({ endpoint: life.endpoint, runId, verb: 'approve', reason: better!.reason }))
      const { events } = await life.training(runId).fetchHistory()
      const said = events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
        signal ? [String(Buffer.from(signal.input!.payloads![0]!.data!))] : [],
      )
      expect(new Set(said).size).toBe(1)
      expect(said[0]).toContain(`policy:${life.endpoint}`)
      await life.decided(runId, 'approve')
      expect((await life.stock()).retrain).toMatchObject({ move: 'roll-out' })

      await twice(() => life.activities.rollOutChallenger({ retrainId }))
      const [rolling] = await life.retrains()
      expect(rolling).toMatchObject({ state: 'rolling-out', deploymentId: expect.any(String) as string })
      expect((await life.stock()).retrain).toMatchObject({ move: 'wait', stage: 'roll-out' })
      await life.answers({ name: 'walk', version: 2 }, rolling!.deploymentId!)
      expect((await life.stock()).champion.model.version).toBe(1)
      expect((await life.stock()).retrain).toMatchObject({ move: 'promote' })

      await twice(() => life.activities.promoteChallenger({ retrainId }))
      expect(await life.retrains()).toMatchObject([{ state: 'promoted', verdict: 'better', endedAt: expect.any(String) as string }])
      expect(await life.stock()).toMatchObject({ retrain: null, champion: { model: { name: 'walk', version: 2 }, after: verdict } })
      expect((await life.audits(retrainId)).toSorted()).toEqual(
        ['promote', 'start-retrain', 'verdict'].map((action) => `${action} by policy:${life.endpoint}`),
      )
    }),
  )

  it(
    'that nobody can give keeps the champion, and is recorded with its evidence',
    inLifecycle(async (life) => {
      const { id: retrainId, runId } = await challenge(life, { champion: 0.5, challenger: 0.5, persistence: 0.6 })
      expect(await life.activities.judge({ retrainId })).toBe(true)
      expect(await life.retrains()).toMatchObject([
        { verdict: 'inconclusive', looks: [{ sessions: 10 }, { sessions: 20 }, { sessions: 30 }] },
      ])
      expect((await life.stock()).retrain).toMatchObject({ move: 'reject' })
      await life.decided(runId, 'reject')
      expect((await life.stock()).retrain).toMatchObject({ move: 'refuse' })
      await twice(() => life.activities.refusePromotion({ retrainId }))
      expect(await life.retrains()).toMatchObject([
        { state: 'not-promoted', reason: expect.stringMatching(/^inconclusive after 30 sessions/) as string },
      ])
      expect((await life.stock()).champion.model.version).toBe(1)
      expect(await life.audits(retrainId)).toContain(`refuse-promotion by policy:${life.endpoint}`)
    }),
  )

  it(
    'whose rollout was undone by its gates ends as failed, with an alert, and the champion stays',
    inLifecycle(async (life) => {
      const { id: retrainId, runId } = await challenge(life, { champion: 0.5, challenger: 0.2, persistence: 0.6 }, 10)
      await life.activities.judge({ retrainId })
      await life.decided(runId, 'approve')
      await life.activities.rollOutChallenger({ retrainId })
      const [rolling] = await life.retrains()
      await life.deployed(rolling!.deploymentId!, { name: 'walk', version: 2 }, 'rolled_back', 'errors rose')
      expect((await life.stock()).retrain).toMatchObject({ move: 'fail' })
      await twice(() => life.activities.failRetrain({ retrainId }))
      expect(await life.retrains()).toMatchObject([{ state: 'failed', reason: 'its rollout ended as rolled_back: errors rose' }])
      expect((await life.alerts()).map(({ kind }) => kind)).toContain('rollout-failed')
      expect((await life.stock()).champion.model.version).toBe(1)
    }),
  )

  it(
    'under which persistence beats both sides: an alert, and the policy may fall back to it instead',
    inLifecycle(async (life) => {
      const policy = { onWorseThanBaseline: 'fallback' }
      const { id: retrainId, runId } = await challenge(life, { champion: 0.5, challenger: 0.4, persistence: 0.1 }, 30, policy)
      expect(await life.activities.judge({ retrainId })).toBe(true)
      expect((await life.alerts()).map(({ kind }) => kind)).toContain('worse-than-baseline')
      // better than the champion, and still not rolled out
      expect((await life.stock()).retrain).toMatchObject({ move: 'reject' })
      await life.decided(runId, 'reject')
      await life.activities.refusePromotion({ retrainId })

      const { fallback } = await life.stock()
      expect(fallback).toMatchObject({ retrainId, move: 'train' })
      await twice(() => life.activities.trainFallback({ endpoint: life.endpoint, fallback: fallback! }))
      expect((await life.stock()).fallback).toMatchObject({ move: 'wait' })
      const { events } = await life.training(fallback!.runId).fetchHistory()
      const payload = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!
      const input = JSON.parse(Buffer.from(payload.data!).toString()) as TrainModelInput
      expect(input).toMatchObject({
        modelName: `${life.endpoint}-persistence`,
        recipe: { model: 'persistence', featureSet: 'persistence' },
      })
      // terminated before its first row, it begins again
      await life.training(fallback!.runId).terminate()
      expect((await life.stock()).fallback).toMatchObject({ move: 'train' })
      await life.activities.trainFallback({ endpoint: life.endpoint, fallback: fallback! })
      expect((await life.stock()).fallback).toMatchObject({ move: 'wait' })
    }),
  )

  it(
    'under which persistence beats both sides is only told by default',
    inLifecycle(async (life) => {
      const { id: retrainId } = await challenge(life, { champion: 0.5, challenger: 0.5, persistence: 0.1 })
      await life.activities.judge({ retrainId })
      expect((await life.alerts()).map(({ kind }) => kind)).toContain('worse-than-baseline')
      expect(await life.stock()).toMatchObject({ fallback: null })
    }),
  )
})

describe('what somebody does by hand', () => {
  it(
    'makes another version champion for the sessions to come, and ends the challenge of the one before',
    inLifecycle(async (life) => {
      const { id: retrainId, runId } = await challenge(life, { champion: 0.5, challenger: 0.5, persistence: 0.6 }, 3)
      await life.activities.judge({ retrainId })
      const { processedThrough } = await life.row()
      await life.decided(runId, 'approve')
      await life.answers({ name: 'walk', version: 2 })
      const seen = await life.stock()
      expect(seen).toMatchObject({
        champion: { model: { name: 'walk', version: 2 }, after: processedThrough },
        retrain: { move: 'refuse' },
      })
      await life.activities.refusePromotion({ retrainId })
      expect(await life.retrains()).toMatchObject([
        { state: 'not-promoted', reason: expect.stringContaining('another version became champion') as string },
      ])
      // back again: champion from where it went
      await life.answers({ name: 'walk', version: 1 })
      expect((await life.stock()).champion).toMatchObject({ model: { version: 1 }, after: processedThrough })
    }),
  )

  it(
    'ends an open retrain and its training run with the supervision',
    inLifecycle(async (life) => {
      await life.supervise()
      const started = (await life.start('ann'))!
      await life.activities.trainChallenger({ retrainId: started.id, build: life.build })
      await twice(() => life.activities.closeSupervision({ endpoint: life.endpoint, state: 'stopped', reason: 'stopped by zoe' }))
      expect(await life.retrains()).toMatchObject([{ state: 'not-promoted', reason: 'stopped by zoe' }])
      const { events } = await life.training(started.runId).fetchHistory()
      expect(events!.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal ? [signal.signalName] : []))).toEqual([
        'stop',
      ])
    }),
  )
})

it(
  'looks, and joins or starts the builds of what its forecasts and the version in force read',
  inLifecycle(async (life) => {
    await life.fittedBy({ name: 'walk', version: 1 }, { featureSet: 'technical' })
    await life.fittedBy({ name: 'walk', version: 2 }, { model: 'persistence', featureSet: 'persistence' })
    await life.supervise()
    await life.answers({ name: 'walk', version: 2 })
    expect(await life.look('supervise/one')).toMatchObject({
      build: { state: 'running', manifest: null },
      champion: { model: { version: 2 } },
    })
    await life.look('supervise/two')
    for (const set of ['technical', 'persistence']) expect(await life.waiters(set)).toEqual(['supervise/one', 'supervise/two'])
  }),
)

it(
  'tells once for each last session that nothing newer has landed for too long',
  inLifecycle(async (life) => {
    await life.supervise({ freshnessHours: 10 })
    expect((await life.stock()).freshForMs).toBeGreaterThan(0)
    await life.activities.reportStaleData({ endpoint: life.endpoint })
    expect(await life.alerts()).toEqual([])
    await life.db
      .update(snapshot)
      .set({ createdAt: new Date(Date.now() - 11 * 3_600_000).toISOString() })
      .where(eq(snapshot.dataset, 'walk'))
    expect(await life.stock()).toMatchObject({ staleTold: false, freshForMs: expect.any(Number) as number })
    expect((await life.stock()).freshForMs).toBeLessThan(0)
    await twice(() => life.activities.reportStaleData({ endpoint: life.endpoint }))
    expect(await life.alerts()).toMatchObject([{ kind: 'stale-data', summary: expect.stringContaining('11 hours ago') as string }])
    expect((await life.stock()).staleTold).toBe(true)
  }),
)
