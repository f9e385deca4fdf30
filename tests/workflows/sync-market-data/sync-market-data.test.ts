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
import { syncWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSync } from '#db/queries/syncs.ts'
import { audit } from '#db/schema.ts'
import { datasetWorld, sampleText, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { recordHistories } from '#tests/replay/record-histories.ts'
import { testServices } from '#tests/support/services.ts'
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

/** The real activities, with a gate before the import and an ear on the journal. */
function listening() {
  const gate = new Gate(true)
  const entries: JournalEntry[] = []
  const listeners = new Set<() => void>()
  const journal = createJournalActivities({ db: world.db })
  const { importBars } = world.activities
  const activities = atEdge({
    ...world.activities,
    async importBars(input: Parameters<typeof importBars>[0]) {
      await gate.pass()
      return await importBars(input)
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
  return { gate, activities, journalled }
}

type Listening = ReturnType<typeof listening>

async function syncing(
  connector: ConnectorConfig,
  test: (handle: WorkflowHandle<typeof syncMarketData>, ids: { syncId: string; dataset: string }, heard: Listening) => Promise<void>,
  options: { gated?: boolean } = {},
): Promise<void> {
  const heard = listening()
  if (options.gated) heard.gate.close()
  const { namespace, nativeConnection: connection } = temporal
  const dataset = `d-${randomUUID()}`
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
})
