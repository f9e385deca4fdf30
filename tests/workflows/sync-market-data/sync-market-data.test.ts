import { randomUUID } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { createJournalActivities, type JournalEntry } from '#activities/journal.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { superviseWorkflowId, syncWorkflowId } from '#contracts/ids.ts'
import { SupervisionPolicy } from '#contracts/supervision.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { findSync } from '#db/queries/syncs.ts'
import { audit, supervision } from '#db/schema.ts'
import { datasetWorld, sampleText, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { recordHistories } from '#tests/replay/record-histories.ts'
import { testServices } from '#tests/support/services.ts'
import { readManifest } from '#storage/snapshot-manifest.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { devTemporal, quietRuntime, type DevTemporal } from '#tests/support/temporal.ts'
import { command, Gate } from '#tests/workflows/durable/world.ts'
import * as messages from '#workflows/messages/run.ts'
import type { syncMarketData } from '#workflows/sync-market-data.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap
let world: DatasetTestWorld
let bareCsv: string

beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('../../../workflows/sync-market-data.ts', import.meta.url))
  ;[temporal, bundle, world] = await Promise.all([
    devTemporal(),
    bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
    datasetWorld(),
  ])
  const path = execFileSync(testServices().python, ['-c', `import bokeh_sampledata, os; print(os.path.dirname(bokeh_sampledata.__file__))`])
    .toString()
    .trim()
  bareCsv = await sampleText(`${path}/_data/stocks.csv.gz`, { adjusted: false, symbols: ['MSFT'] })
})
afterAll(async () => {
  await recordHistories(temporal.client.connection as Connection, temporal.namespace)
  await temporal.close()
  await world.drop()
})

/** The real activities, with a gate before the import and an ear on the journal; the first nudges may be lost on their way. */
function listening() {
  const gate = new Gate(true)
  const nudging = { lost: 0, tries: 0 }
  const collecting = { times: 0, imports: 0 }
  const entries: JournalEntry[] = []
  const listeners = new Set<() => void>()
  const journal = createJournalActivities({ db: world.db })
  const { importBars, nudgeFollowers } = world.activities
  const activities = atEdge({
    ...world.activities,
    async importBars(input: Parameters<typeof importBars>[0]) {
      await gate.pass()
      collecting.imports++
      return await importBars(input)
    },
    async landSnapshot(input: Parameters<typeof world.activities.landSnapshot>[0]) {
      if (collecting.times > 0) {
        const { chunks } = await readManifest(world.objects, input.manifest)
        for (const { object } of chunks) await world.objects.remove(object.uri)
        try {
          return await world.activities.landSnapshot(input)
        } finally {
          collecting.times--
        }
      }
      return await world.activities.landSnapshot(input)
    },
    async nudgeFollowers(input: { dataset: string }) {
      await nudgeFollowers(input)
      // as when the worker dies before it can answer
      if (nudging.tries++ < nudging.lost) throw new Error('lost')
    },
    async recordRunState(entry: JournalEntry): Promise<void> {
      await journal.recordRunState(entry)
      entries.push(entry)
      for (const listener of listeners) listener()
    },
  })
  const journalled = (phase: string) =>
    new Promise<void>((resolve) => {
      const check = () => {
        if (!entries.some((entry) => entry.phase === phase)) return
        listeners.delete(check)
        resolve()
      }
      listeners.add(check)
      check()
    })
  return { gate, nudging, collecting, activities, journalled }
}

type Listening = ReturnType<typeof listening>

async function syncing(
  connector: ConnectorConfig,
  test: (handle: WorkflowHandle<typeof syncMarketData>, ids: { syncId: string; dataset: string }, heard: Listening) => Promise<void>,
  options: { gated?: boolean; dataset?: string; lostNudges?: number } = {},
): Promise<void> {
  const heard = listening()
  heard.nudging.lost = options.lostNudges ?? 0
  if (options.gated) heard.gate.close()
  const { namespace, nativeConnection: connection } = temporal
  const dataset = options.dataset ?? `d-${randomUUID()}`
  const input = world.inputOf(connector, dataset)
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: taskQueues.orchestration,
    workflowBundle: bundle,
    activities: heard.activities,
  })
  await worker.runUntil(async () => {
    const handle = await temporal.client.workflow.start<typeof syncMarketData>('syncMarketData', {
      workflowId: syncWorkflowId(dataset),
      taskQueue: taskQueues.orchestration,
      args: [input],
    })
    await test(handle, { syncId: input.syncId, dataset }, heard)
  })
}

const auditOf = async (syncId: string) =>
  (
    await world.db
      .select()
      .from(audit)
      .where(eq(audit.subject, `sync/${syncId}`))
  ).map(({ action, by }) => `${action} by ${by}`)

describe('syncMarketData', () => {
  it('lands the sample, and keeps the bars out of its history', async () => {
    await syncing({ kind: 'sample' }, async (handle, { syncId, dataset }) => {
      const result = await handle.result()
      expect(result).toMatchObject({
        syncId,
        state: 'landed',
        rows: 7174,
        symbols: 4,
        jumps: [{ symbol: 'AAPL', session: '2000-09-29', clearedBy: 'adjusted-close' }],
      })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: result.snapshotId, lastSession: '2008-05-30' })
      expect(await findSync(world.db, syncId)).toMatchObject({ state: 'landed', rows: 7174, failure: null, endedAt: expect.any(String) })
      const description = await handle.describe()
      expect(description.searchAttributes).toMatchObject({ Dataset: [dataset], TriggeredBy: ['tests'] })
      expect(description.raw.workflowExecutionInfo?.historySizeBytes?.toNumber()).toBeLessThan(20_000)
    })
  })

  it('holds a move that nothing explains until a person approves it', async () => {
    await syncing(await world.csv(bareCsv), async (handle, { syncId, dataset }, { journalled }) => {
      await journalled('awaiting_approval')
      expect(await findSync(world.db, syncId)).toMatchObject({
        state: 'held',
        step: 'approval',
        jumps: [{ symbol: 'MSFT', session: '2003-02-18' }],
      })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
      await handle.executeUpdate(messages.approve, { args: [command('ann')] })
      const result = await handle.result()
      expect(result).toMatchObject({ state: 'landed', jumps: [{ session: '2003-02-18', clearedBy: 'approval' }] })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: result.snapshotId })
      expect(await auditOf(syncId)).toEqual(['approve by ann'])
    })
  })

  it('leaves the head as it was when the move is rejected, by a signal as well', async () => {
    await syncing(await world.csv(bareCsv), async (handle, { syncId, dataset }, { journalled }) => {
      await journalled('awaiting_approval')
      await handle.signal(messages.rejectSignal, { by: 'bob', reason: 'no splits in it' })
      expect(await handle.result()).toMatchObject({ state: 'rejected' })
      expect(await findSync(world.db, syncId)).toMatchObject({
        state: 'rejected',
        failure: 'rejected by bob: no splits in it',
        snapshotId: null,
      })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
    })
  })

  it('stores its content anew when a collection took it before it landed, and asks nobody again', async () => {
    const connector = await world.csv(bareCsv)
    await syncing(connector, async (handle, { syncId }, { journalled, collecting }) => {
      collecting.times = 2
      await journalled('awaiting_approval')
      await handle.executeUpdate(messages.approve, { args: [command('ann')] })
      const result = await handle.result()
      expect(result).toMatchObject({ state: 'landed', jumps: [{ session: '2003-02-18', clearedBy: 'approval' }] })
      expect([collecting.imports, collecting.times]).toEqual([3, 0])
      expect(await findSync(world.db, syncId)).toMatchObject({ state: 'landed', failure: null })
      const { manifest } = (await findSnapshot(world.db, result.snapshotId!))!
      expect(await verifySnapshot(world.objects, manifest)).toMatchObject({ damage: [] })
      expect(await auditOf(syncId)).toEqual(['approve by ann'])
    })
  })

  it('fails when its content is collected time and again, and leaves the head as it was', async () => {
    await syncing({ kind: 'sample', symbols: ['IBM'] }, async (handle, { syncId, dataset }, { collecting }) => {
      collecting.times = Number.POSITIVE_INFINITY
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError)
      expect(collecting.imports).toBe(5)
      expect(await findSync(world.db, syncId)).toMatchObject({
        state: 'failed',
        failure: expect.stringContaining('is not in the object store'),
      })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
    })
  })

  it('stops while it is held', async () => {
    await syncing(await world.csv(bareCsv), async (handle, { syncId, dataset }, { journalled }) => {
      await journalled('awaiting_approval')
      await handle.executeUpdate(messages.stop, { args: [command('ann')] })
      expect(await handle.result()).toMatchObject({ state: 'stopped' })
      expect(await findSync(world.db, syncId)).toMatchObject({ state: 'stopped', failure: 'stopped by ann' })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
    })
  })

  it('pauses before the import has ended, and lands the same after a resume', async () => {
    await syncing(
      { kind: 'sample' },
      async (handle, { syncId }, { gate, journalled }) => {
        await gate.reached()
        await handle.executeUpdate(messages.pause, { args: [command('ann')] })
        gate.unlock()
        await journalled('paused')
        expect(await findSync(world.db, syncId)).toMatchObject({ state: 'paused', step: 'import' })
        await handle.executeUpdate(messages.resume, { args: [command('ann')] })
        expect(await handle.result()).toMatchObject({ state: 'landed', rows: 7174 })
        expect(await auditOf(syncId)).toEqual(['pause by ann', 'resume by ann'])
      },
      { gated: true },
    )
  })

  it('fails with what is wrong with the source, on its row too', async () => {
    await syncing(await world.csv('date,symbol,open,high,low,close,volume\n'), async (handle, { syncId, dataset }) => {
      const failure: unknown = await handle.result().catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(WorkflowFailedError)
      expect((failure as WorkflowFailedError).cause).toMatchObject({
        cause: { type: 'source_empty', message: expect.stringContaining('bars.csv') },
      })
      expect(await findSync(world.db, syncId)).toMatchObject({ state: 'failed', failure: 'bars.csv has a header and no rows' })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
    })
  })

  it('fails with what is wrong with a source that is no text, whose bytes no row can hold', async () => {
    await syncing(await world.csv('junk\0,\u001b[31m\n1,2\n'), async (handle, { syncId, dataset }) => {
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError)
      expect(await findSync(world.db, syncId)).toMatchObject({
        state: 'failed',
        failure: expect.stringMatching(/^the header of bars\.csv lacks symbol, .*found 'junk␀,␛\[31m'/),
      })
      expect(await findDataset(world.db, dataset)).toMatchObject({ headSnapshotId: null })
    })
  })
})

/** A workflow under the id of an endpoint's supervisor: without a worker, it only collects its signals. */
async function supervised(endpoint: string, dataset: string, ended = false) {
  await world.db.insert(supervision).values({
    endpoint,
    dataset,
    label: { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' },
    policy: SupervisionPolicy.parse({}),
    state: ended ? 'stopped' : 'running',
    requestedBy: 'tests',
    bodySha256: '0'.repeat(64),
    endedAt: ended ? new Date().toISOString() : null,
  })
  return {
    start: () =>
      temporal.client.workflow.start('superviseEndpoint', { workflowId: superviseWorkflowId(endpoint), taskQueue: 'nobody', args: [] }),
    nudges: async () => {
      const { events } = await temporal.client.workflow.getHandle(superviseWorkflowId(endpoint)).fetchHistory()
      return events!.filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === 'nudge').length
    },
  }
}

describe('a landing', () => {
  it('nudges those who follow the dataset, and does without one whose workflow is gone', async () => {
    const dataset = `d-${randomUUID()}`
    const [follower, , ended, stranger] = [
      await supervised('follows', dataset),
      await supervised('gone', dataset),
      await supervised('ended', dataset, true),
      await supervised('elsewhere', 'another'),
    ]
    const handles = [await follower.start(), await ended.start(), await stranger.start()]
    await syncing({ kind: 'sample' }, async (handle) => expect(await handle.result()).toMatchObject({ state: 'landed' }), { dataset })
    expect([await follower.nudges(), await ended.nudges(), await stranger.nudges()]).toEqual([1, 0, 0])

    await syncing({ kind: 'sample' }, async (handle) => expect(await handle.result()).toMatchObject({ state: 'unchanged' }), { dataset })
    expect(await follower.nudges()).toBe(1)
    for (const handle of handles) await handle.terminate()
  })

  it('nudges again when a worker dies between landing and nudging, and lands once', async () => {
    const dataset = `d-${randomUUID()}`
    const follower = await supervised('insistent', dataset)
    const handle = await follower.start()
    await syncing(
      { kind: 'sample' },
      async (sync, { syncId }, { nudging }) => {
        expect(await sync.result()).toMatchObject({ state: 'landed' })
        expect(nudging.tries).toBe(3)
        expect(await world.db.select().from(audit).where(eq(audit.commandId, syncId))).toHaveLength(1)
      },
      { dataset, lostNudges: 2 },
    )
    expect(await follower.nudges()).toBe(3)
    await handle.terminate()
  })
})

describe('a replay', () => {
  it('lands one session a sync, in a history that stays small, and is unchanged at its end', async () => {
    const dataset = `d-${randomUUID()}`
    await world.sync({ kind: 'sample' }, { dataset })
    const replay = { kind: 'replay', source: 'sample', through: '2008-06-03' } as const
    for (const session of ['2008-06-02', '2008-06-03'])
      await syncing(
        replay,
        async (handle, { syncId }) => {
          expect(await handle.result()).toMatchObject({ state: 'landed', rows: 4, symbols: 4 })
          expect(await findDataset(world.db, dataset)).toMatchObject({ lastSession: session, connector: replay })
          expect(await findSync(world.db, syncId)).toMatchObject({ state: 'landed', step: 'land', connector: replay })
          expect((await handle.describe()).historyLength).toBeLessThan(30)
        },
        { dataset },
      )
    await syncing(replay, async (handle) => expect(await handle.result()).toMatchObject({ state: 'unchanged', rows: 0 }), { dataset })
    expect(await findDataset(world.db, dataset)).toMatchObject({ lastSession: '2008-06-03' })
  })

  it('fails without a head, and says how to make one', async () => {
    await syncing({ kind: 'replay', source: 'sample' }, async (handle, { syncId }) => {
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError)
      expect(await findSync(world.db, syncId)).toMatchObject({
        state: 'failed',
        failure: expect.stringContaining('has no snapshot for a replay to go on from'),
      })
    })
  })
})
