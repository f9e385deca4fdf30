import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { WorkflowFailedError } from '@temporalio/client'
import { bundleWorkflowCode, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { createFeatureBuildActivities, createFeatureComputeActivities, createFeatureRequestActivities } from '#activities/features.ts'
import { MuchToCompute, onThisThread } from '#activities/features/on-this-thread.ts'
import { type ColumnComputer, createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import { createJournalActivities, type JournalEntry } from '#activities/journal.ts'
import type { BuildInput, LabelDefinition } from '#contracts/features.ts'
import { featuresWorkflowId } from '#contracts/ids.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { buildInputOf, computeBuild } from '#tests/support/build-features.ts'
import { knownFeatureSet } from '#domain/features/feature-sets.ts'
import { walkBars } from '#tests/support/bars.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import { failingPool, watchedPool } from '#tests/support/watched-pool.ts'
import * as messages from '#workflows/messages/run.ts'
import { command, Gate } from '../durable/world.ts'
import type { buildFeatures, waitForBuild, waitForNudge } from './stories.ts'

const label: LabelDefinition = { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' }
const origin = { by: 'tester', bodySha256: '0'.repeat(64) }
const dataset = 'walks'

let server: DevTemporal
let database: Awaited<ReturnType<typeof testDatabase>>
let store: Awaited<ReturnType<typeof testObjectStore>>
let threads: ThreadPool
let bundle: WorkflowBundleWithSourceMap

beforeAll(async () => {
  quietRuntime()
  server = await devTemporal()
  database = await testDatabase()
  store = await testObjectStore()
  threads = createThreadPool(1)
  bundle = await bundleWorkflowCode({ workflowsPath: fileURLToPath(new URL('./stories.ts', import.meta.url)) })
})
afterAll(async () => {
  await threads.close()
  await server.close()
  await store.drop()
  await database.drop()
})

/** As for builds that take more than a moment. */
const tooMuch = failingPool(() => new MuchToCompute())

/** The real activities, with a gate before each computation in a thread and an ear at the journal; `brief` computes brief builds. */
function createWorld(brief: ColumnComputer) {
  const gate = new Gate(true)
  const computed: string[] = []
  const listeners = new Set<(entry: JournalEntry) => void>()
  const { db } = database
  const { objects } = store
  const journal = createJournalActivities({ db })
  const orchestration = atEdge({
    recordRunState: async (entry: JournalEntry) => {
      await journal.recordRunState(entry)
      for (const listener of listeners) listener(entry)
    },
    ...createFeatureRequestActivities({ db, client: server.client }),
    ...createFeatureBuildActivities({ db, objects, pool: brief }),
  })
  const pool = watchedPool(
    () => threads,
    async (runs) => {
      computed.push(...new Set(runs.map(({ symbol }) => symbol)))
      await gate.pass()
    },
  )
  return {
    gate,
    computed,
    orchestration,
    compute: atEdge(createFeatureComputeActivities({ db, objects, pool })),
    /** Call before what causes it. */
    journalled: (met: (entry: JournalEntry) => boolean) =>
      new Promise<void>((resolve) => listeners.add((entry) => void (met(entry) && resolve()))),
  }
}

async function inWorld(test: (world: ReturnType<typeof createWorld>) => Promise<void>, brief = tooMuch): Promise<void> {
  const world = createWorld(brief)
  const { nativeConnection: connection, namespace } = server
  const throttle = { maxHeartbeatThrottleInterval: '200 milliseconds', defaultHeartbeatThrottleInterval: '200 milliseconds' } as const
  const orchestration = await Worker.create({
    connection,
    namespace,
    taskQueue: 'orchestration',
    workflowBundle: bundle,
    activities: world.orchestration,
  })
  const features = await Worker.create({
    connection,
    namespace,
    taskQueue: 'features',
    activities: world.compute,
    maxConcurrentActivityTaskExecutions: 1,
    ...throttle,
  })
  await orchestration.runUntil(features.runUntil(() => test(world)))
}

async function inputOf(
  seed: number,
  change: Partial<Pick<BuildInput, 'featureSet'>> = {},
  symbols: readonly string[] = ['AAA', 'BBB', 'CCC'],
  rows = 80,
): Promise<BuildInput> {
  const snapshot = await landSnapshot(
    { db: database.db, objects: store.objects },
    dataset,
    symbols.map((symbol, index) => walkBars(symbol, rows, seed + index)),
  )
  const featureSet = change.featureSet ?? knownFeatureSet('technical')
  return buildInputOf({ snapshot, dataset, featureSet, label }, knownFeatureSet('technical'))
}

const start = (input: BuildInput, waiting: string[] = []) =>
  server.client.workflow.start<typeof buildFeatures>('buildFeatures', {
    workflowId: featuresWorkflowId(input.definitionHash, input.snapshotId),
    taskQueue: 'orchestration',
    args: [input, waiting],
  })

const startWaiter = (input: BuildInput) => {
  const runId = randomUUID()
  const workflowId = `train/${runId}`
  const request = { dataset, snapshotId: input.snapshotId, featureSet: 'technical', label, waiter: workflowId, origin }
  return server.client.workflow.start<typeof waitForBuild>('waitForBuild', {
    workflowId,
    taskQueue: 'orchestration',
    args: [runId, request],
  })
}

/** The activities that went through a queue. */
async function stepsOf(input: BuildInput): Promise<string[]> {
  const { events } = await server.client.workflow.getHandle(featuresWorkflowId(input.definitionHash, input.snapshotId)).fetchHistory()
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled?.activityType?.name ?? [])
}

describe('buildFeatures', () => {
  it('pauses when the shards under way have closed, and goes on with the others after a resume', () =>
    inWorld(async (world) => {
      // four groups, of which a worker with one slot takes two at a time
      const symbols = Array.from({ length: 240 }, (_, index) => `S${String(index).padStart(3, '0')}`)
      const input = await inputOf(100, {}, symbols, 12)
      world.gate.close()
      const handle = await start(input)
      await world.gate.reached()
      const paused = world.journalled(({ phase }) => phase === 'paused')
      expect(await handle.executeUpdate(messages.pause, { args: [command('ann')] })).toMatchObject({ phase: 'pausing', step: 'compute' })
      world.gate.unlock()
      await paused
      expect(world.computed.length).toBeLessThan(symbols.length)
      expect(await findFeatureBuild(database.db, input.buildId)).toMatchObject({ state: 'paused', step: 'compute' })

      await handle.executeUpdate(messages.resume, { args: [command('ann')] })
      const result = await handle.result()
      expect(result.state).toBe('ready')
      // each symbol once: what was computed before the pause was kept
      expect([...world.computed].sort()).toEqual(symbols)
      expect(await findFeatureBuild(database.db, input.buildId)).toMatchObject({ state: 'ready', manifest: result.manifest, rows: 2880 })
    }))

  it('computes across symbols stage by stage, may be paused between, and publishes what the activities alone do', () =>
    inWorld(async (world) => {
      const symbols = Array.from({ length: 60 }, (_, index) => `S${String(index).padStart(3, '0')}`)
      const features = [{ name: 'smooth', expression: 'CSRank(Mean(CSZScore($close),3))' }]
      const featureSet = { name: 'across', version: 1, description: '', features }
      const snapshot = await landSnapshot(
        { db: database.db, objects: store.objects },
        dataset,
        symbols.map((symbol, index) => walkBars(symbol, 12, 500 + index)),
      )
      const input = buildInputOf({ snapshot, dataset, featureSet, label })
      world.gate.close()
      const handle = await start(input)
      await world.gate.reached()
      const paused = world.journalled(({ phase }) => phase === 'paused')
      expect(await handle.executeUpdate(messages.pause, { args: [command('ann')] })).toMatchObject({ phase: 'pausing', step: 'operands' })
      world.gate.unlock()
      await paused
      await handle.executeUpdate(messages.resume, { args: [command('ann')] })
      const result = await handle.result()
      // the operands of two stages, and the label
      expect([...world.computed].sort()).toEqual(symbols.flatMap((symbol) => [symbol, symbol, symbol]))

      const { db } = database
      const { objects } = store
      const builds = createFeatureBuildActivities({ db, objects })
      const { results, counts } = await computeBuild(
        { db, objects, pool: threads },
        { ...(await builds.planFeatureBuild(input)), featureSet, label },
      )
      expect(await builds.publishFeatureBuild(input, results, counts)).toEqual(result.manifest)
    }))

  it('is one build for all who ask, nudges each at its end, and has nothing to do for who asks later', () =>
    inWorld(async (world) => {
      const input = await inputOf(200)
      world.gate.close()
      const first = await startWaiter(input)
      await world.gate.reached()
      const second = await startWaiter(input)
      const waiting = world.journalled(({ kind, id }) => kind === 'training-run' && second.workflowId.endsWith(id))
      await waiting
      world.gate.unlock()
      const results = await Promise.all([first.result(), second.result()])
      expect(results[0]).toMatchObject({ buildId: input.buildId, state: 'ready' })
      expect(results[1]).toEqual(results[0])
      expect(world.computed).toHaveLength(3)

      const again = await (await start(input)).result()
      expect(again).toEqual(results[0])
      const third = await (await startWaiter(input)).result()
      expect(third).toEqual(results[0])
      expect(world.computed).toHaveLength(3)
    }))

  it('tells who waits that it was stopped, and starts anew for who asks afterwards', () =>
    inWorld(async (world) => {
      const input = await inputOf(300)
      world.gate.close()
      const waiter = await startWaiter(input)
      await world.gate.reached()
      const handle = server.client.workflow.getHandle(featuresWorkflowId(input.definitionHash, input.snapshotId))
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      world.gate.unlock()
      expect(await waiter.result()).toMatchObject({ state: 'stopped', failure: 'stopped by ann' })
      expect(await findFeatureBuild(database.db, input.buildId)).toMatchObject({ state: 'stopped' })
      expect(await (await startWaiter(input)).result()).toMatchObject({ state: 'ready' })
    }))

  it('does a brief one in its first task, as the steps would, and tells those who wait from the start', () =>
    inWorld(async (world) => {
      const input = await inputOf(600)
      const waiter = await startWaiter(input)
      expect(await waiter.result()).toMatchObject({ buildId: input.buildId, state: 'ready' })
      expect(await stepsOf(input)).toEqual([])
      expect(world.computed).toEqual([])
      const { manifest } = (await findFeatureBuild(database.db, input.buildId))!

      const { db } = database
      const { objects } = store
      const builds = createFeatureBuildActivities({ db, objects })
      const { results } = await computeBuild({ db, objects, pool: threads }, { ...(await builds.planFeatureBuild(input)), ...input })
      expect(await builds.publishFeatureBuild(input, results)).toEqual(manifest)
    }, onThisThread))

  it('goes the long way when the brief one does not come about, and hears commands there', async () => {
    let tries = 0
    const failing = failingPool(() => {
      tries++
      return new Error('for want of memory')
    })
    await inWorld(async (world) => {
      // symbols of which nothing was computed before: all of it is one computation
      const input = await inputOf(700, {}, ['NAA', 'NBB', 'NCC'])
      world.gate.close()
      const handle = await start(input)
      await world.gate.reached()
      expect(await handle.executeUpdate(messages.pause, { args: [command('ann')] })).toMatchObject({ phase: 'pausing', step: 'compute' })
      world.gate.unlock()
      await handle.executeUpdate(messages.resume, { args: [command('ann')] })
      expect((await handle.result()).state).toBe('ready')
      expect(tries).toBe(1)
      expect(await stepsOf(input)).toContain('computeFeatureShards')
    }, failing)
  })

  it('nudges those whom it was started with', () =>
    inWorld(async () => {
      const input = await inputOf(800)
      const workflowId = `waits/${randomUUID()}`
      const waiter = await server.client.workflow.start<typeof waitForNudge>('waitForNudge', {
        workflowId,
        taskQueue: 'orchestration',
        args: [],
      })
      await start(input, [workflowId])
      await waiter.result()
      expect(await findFeatureBuild(database.db, input.buildId)).toMatchObject({ state: 'ready' })
    }, onThisThread))

  it('fails with the code and the words of what is wrong', () =>
    inWorld(async () => {
      const technical = knownFeatureSet('technical')
      const input = await inputOf(400, { featureSet: { ...technical, features: [{ name: 'gap', expression: 'Mean($vwap,5)' }] } })
      const failure: unknown = await (await start(input)).result().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(WorkflowFailedError)
      expect((failure as WorkflowFailedError).cause).toMatchObject({ type: 'feature_column_absent' })
      const row = await findFeatureBuild(database.db, input.buildId)
      expect(row).toMatchObject({ state: 'failed', failure: expect.stringContaining('feature gap: there is no column $vwap') })
    }))
})
