import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CollectionActivities, createCollectionActivities } from '#activities/collections.ts'
import { atEdge } from '#activities/edge.ts'
import { interruptible } from '#activities/interruptible.ts'
import { createJournalActivities } from '#activities/journal.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { CollectInput } from '#contracts/collections.ts'
import { collectWorkflowId } from '#contracts/ids.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findCollection } from '#db/queries/collections.ts'
import { audit } from '#db/schema.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import { command, Gate } from '#tests/workflows/durable/world.ts'
import type { collectGarbage } from '#workflows/collect-garbage.ts'
import * as messages from '#workflows/messages/run.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap
let world: DatasetTestWorld
beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('../../../workflows/collect-garbage.ts', import.meta.url))
  ;[temporal, bundle, world] = await Promise.all([
    devTemporal(),
    bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') }),
    datasetWorld(),
  ])
})
afterAll(async () => {
  await temporal.close()
  await world.drop()
})

const twoDaysOn = () => new Date(Date.now() + 2 * 86_400_000)

/** The real activities, two days from now, with what a test puts in their place. */
async function collecting(
  terms: Partial<CollectInput>,
  test: (handle: WorkflowHandle<typeof collectGarbage>, id: string) => Promise<void>,
  change: (real: CollectionActivities) => Partial<CollectionActivities> = () => ({}),
): Promise<void> {
  const { client, namespace, nativeConnection: connection } = temporal
  const taskQueue = taskQueues.orchestration
  const real = createCollectionActivities({ db: world.db, objects: world.objects, clock: twoDaysOn })
  const activities = atEdge({ ...createJournalActivities({ db: world.db }), ...real, ...change(real) })
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: bundle,
    activities,
    maxHeartbeatThrottleInterval: '200 milliseconds',
    defaultHeartbeatThrottleInterval: '200 milliseconds',
  })
  const origin = { by: 'ada', bodySha256: '0'.repeat(64) }
  const input: CollectInput = { collectionId: randomUUID(), dryRun: false, graceHours: 24, keepDays: 30, origin, ...terms }
  await worker.runUntil(async () => {
    const handle = await client.workflow.start<typeof collectGarbage>('collectGarbage', {
      workflowId: collectWorkflowId,
      taskQueue,
      args: [input],
    })
    await test(handle, input.collectionId)
  })
}

const garbage = () => world.objects.put(Buffer.from(`garbage ${randomUUID()}`), 'txt')
const isThere = async (key: string) => (await world.objects.find(key)) !== undefined

describe('collectGarbage', () => {
  it('in a dry run tells what would go, and removes nothing', async () => {
    const { uri } = await garbage()
    await collecting({ dryRun: true }, async (handle, id) => {
      expect(await handle.result()).toMatchObject({ state: 'done', found: { objects: 1 }, removed: { objects: 0 } })
      expect(await findCollection(world.db, id)).toMatchObject({ state: 'done', dryRun: true, removed: null, endedAt: expect.any(String) })
    })
    expect(await isThere(uri)).toBe(true)
  })

  it('removes what it found', async () => {
    const { uri } = await garbage()
    await collecting({}, async (handle, id) => {
      const result = await handle.result()
      expect(result).toMatchObject({ collectionId: id, state: 'done' })
      expect(result.removed.objects).toBe(result.found.objects)
    })
    expect(await isThere(uri)).toBe(false)
  })

  it('paused between finding and removing removes nothing until it is resumed', async () => {
    const { uri } = await garbage()
    const gate = new Gate(false)
    await collecting(
      {},
      async (handle, id) => {
        await gate.reached()
        await handle.executeUpdate(messages.pause, { args: [command('ann')] })
        await expect.poll(async () => (await findCollection(world.db, id))?.state, { timeout: 20_000 }).toBe('paused')
        expect(await isThere(uri)).toBe(true)
        gate.unlock()
        await handle.executeUpdate(messages.resume, { args: [command('ann')] })
        expect(await handle.result()).toMatchObject({ state: 'done' })
        expect(await isThere(uri)).toBe(false)
        const told = await world.db
          .select()
          .from(audit)
          .where(eq(audit.subject, `collection/${id}`))
        expect(told.map(({ action, by }) => `${action} by ${by}`)).toEqual(['pause by ann', 'resume by ann'])
      },
      (real) => ({
        sweepGarbage: async (sweep) => {
          await interruptible((cancelled) => gate.pass(cancelled))
          return await real.sweepGarbage(sweep)
        },
      }),
    )
  })

  it('can be stopped', async () => {
    const { uri } = await garbage()
    const gate = new Gate(false)
    await collecting(
      {},
      async (handle, id) => {
        await gate.reached()
        await handle.executeUpdate(messages.stop, { args: [command('ann')] })
        expect(await handle.result()).toMatchObject({ collectionId: id, state: 'stopped' })
      },
      (real) => ({
        markGarbage: async (input) => {
          await interruptible((cancelled) => gate.pass(cancelled))
          return await real.markGarbage(input)
        },
      }),
    )
    expect(await isThere(uri)).toBe(true)
  })

  it('fails, and says why, when it cannot know what is needed', async () => {
    await collecting(
      {},
      async (handle, id) => {
        await expect(handle.result()).rejects.toThrow('Workflow execution failed')
        expect(await findCollection(world.db, id)).toMatchObject({ state: 'failed', failure: 'a manifest cannot be read' })
      },
      () => ({
        markGarbage: async () => {
          throw new QuantloopError('object_corrupt', 'a manifest cannot be read')
        },
      }),
    )
  })
})
