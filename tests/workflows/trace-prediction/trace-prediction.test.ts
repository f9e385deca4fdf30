import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type ActivityFailure, WorkflowFailedError } from '@temporalio/client'
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { atEdge } from '#activities/edge.ts'
import { createTraceActivities, type TraceActivities } from '#activities/trace.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { traceWorkflowId } from '#contracts/ids.ts'
import type { Trace } from '#contracts/predictions.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { testObjectStore } from '#tests/support/object-store.ts'
import { testDatabase } from '#tests/support/services.ts'
import { devTemporal, type DevTemporal, quietRuntime } from '#tests/support/temporal.ts'
import type { tracePrediction } from '#workflows/trace-prediction.ts'

let temporal: DevTemporal
let bundle: WorkflowBundleWithSourceMap
beforeAll(async () => {
  quietRuntime()
  const workflowsPath = fileURLToPath(new URL('../../../workflows/trace-prediction.ts', import.meta.url))
  ;[temporal, bundle] = await Promise.all([devTemporal(), bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR') })])
})
afterAll(() => temporal.close())

async function traced(activities: TraceActivities): Promise<Trace> {
  const { client, namespace, nativeConnection: connection } = temporal
  const taskQueue = taskQueues.orchestration
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowBundle: bundle, activities: atEdge(activities) })
  const input = { traceId: randomUUID(), predictionId: randomUUID(), by: 'ada' }
  const workflowId = traceWorkflowId(input.traceId)
  return await worker.runUntil(client.workflow.execute<typeof tracePrediction>('tracePrediction', { workflowId, taskQueue, args: [input] }))
}

const trace: Trace = {
  predictionId: randomUUID(),
  endpoint: 'range',
  model: { name: 'range', version: 1 },
  runId: randomUUID(),
  deploymentId: randomUUID(),
  buildId: 'a'.repeat(64),
  snapshotId: 'b'.repeat(64),
  onnxSha256: 'c'.repeat(64),
  symbol: null,
  session: null,
  bars: null,
  links: [],
  featuresRecomputed: null,
  recordedValue: 1,
  recomputedValue: 1,
  verified: true,
}

test('a store that is away for a moment does not fail a trace', async () => {
  let tries = 0
  const verifyPrediction = async () => {
    if (++tries === 1) throw new QuantloopError('unavailable', 'the object store did not answer')
    return trace
  }
  expect(await traced({ verifyPrediction })).toEqual(trace)
  expect(tries).toBe(2)
})

test('a prediction that nobody knows fails it at once, by code', async () => {
  const [database, store] = await Promise.all([testDatabase(), testObjectStore()])
  try {
    const error: unknown = await traced(createTraceActivities({ db: database.db, objects: store.objects })).catch(
      (raised: unknown) => raised,
    )
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(((error as WorkflowFailedError).cause as ActivityFailure).cause).toMatchObject({ type: 'not_found', nonRetryable: true })
  } finally {
    await Promise.all([database.drop(), store.drop()])
  }
})
