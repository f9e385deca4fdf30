import { fileURLToPath } from 'node:url'
import { type ActivityFailure, type Connection, WorkflowFailedError } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { createQualityActivities, type QualityActivities } from '#activities/quality.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { qualityWorkflowId } from '#contracts/ids.ts'
import type { ExamineQualityResult } from '#contracts/quality.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { recordHistories } from '#tests/replay/record-histories.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import type { examineQuality } from '#workflows/examine-quality.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap
beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('../../../workflows/examine-quality.ts', import.meta.url))
  ;[temporal, bundle] = await Promise.all([devTemporal(), bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') })])
})
afterAll(async () => {
  await recordHistories(temporal.client.connection as Connection, temporal.namespace)
  await temporal.close()
})

/** The story on the orchestration queue, and the reading of bars on the features queue. */
async function examined(dataset: string, activities: QualityActivities): Promise<ExamineQualityResult> {
  const { client, namespace, nativeConnection: connection } = temporal
  const stories = await Worker.create({ connection, namespace, taskQueue: taskQueues.orchestration, workflowBundle: bundle })
  const readers = await Worker.create({ connection, namespace, taskQueue: taskQueues.features, activities: atEdge(activities) })
  const input = { dataset, snapshotId: 'a'.repeat(64) }
  return await stories.runUntil(
    readers.runUntil(
      client.workflow.execute<typeof examineQuality>('examineQuality', {
        workflowId: qualityWorkflowId(dataset, input.snapshotId),
        taskQueue: taskQueues.orchestration,
        args: [input],
      }),
    ),
  )
}

const report = { uri: `objects/bb/${'b'.repeat(64)}.json`, sha256: 'b'.repeat(64), bytes: 10 }

test('a store that is away for a moment does not fail an examination', async () => {
  let tries = 0
  const examineSnapshot = async () => {
    if (++tries === 1) throw new QuantloopError('unavailable', 'the object store did not answer')
    return { report }
  }
  expect(await examined('away', { examineSnapshot })).toEqual({ report })
  expect(tries).toBe(2)
})

test('a snapshot that nobody knows fails it at once, by code', async () => {
  const [database, store] = await Promise.all([testDatabase(), testObjectStore()])
  try {
    const activities = createQualityActivities({ db: database.db, objects: store.objects })
    const error: unknown = await examined('unknown', activities).catch((raised: unknown) => raised)
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(((error as WorkflowFailedError).cause as ActivityFailure).cause).toMatchObject({
      type: 'snapshot_not_found',
      nonRetryable: true,
    })
  } finally {
    await Promise.all([database.drop(), store.drop()])
  }
})
