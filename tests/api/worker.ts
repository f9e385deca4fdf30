import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, Worker } from '@temporalio/worker'
import { atEdge } from '#activities/edge.ts'
import { createThreadPool } from '#activities/features/thread-pool.ts'
import { createQualityActivities } from '#activities/quality.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { noVendors } from '#tests/support/vendors.ts'
import { testServices } from '#tests/support/services.ts'
import { featuresActivities } from '#workers/features.ts'
import { orchestrationActivities } from '#workers/orchestration.ts'
import type { ApiWorld } from './world.ts'

const nothing = () => {}
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: console.error }

/** `quietRuntime` comes first. The orchestration worker with every workflow and activity, on the world's own namespace; call the answer to end it. */
export async function runOrchestration({ temporal, db, objects }: ApiWorld): Promise<() => Promise<void>> {
  const python = testServices().python
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue: taskQueues.orchestration,
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
      logger: silent,
    }),
    activities: orchestrationActivities({
      db,
      objects,
      client: temporal.workersClient,
      vendors: noVendors,
      config: { trainer: { python } },
    }),
  })
  const running = worker.run()
  return async () => {
    worker.shutdown()
    await running
  }
}

/** The features worker with every activity, with one thread. */
export async function runFeatures({ temporal, db, objects }: ApiWorld): Promise<() => Promise<void>> {
  const pool = createThreadPool(1)
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue: taskQueues.features,
    activities: featuresActivities({ db, objects, pool }),
  })
  const running = worker.run()
  return async () => {
    worker.shutdown()
    await running
    await pool.close()
  }
}

/** The part of the features worker that examines snapshots: it needs no threads. */
export async function runExaminations({ temporal, db, objects }: ApiWorld): Promise<() => Promise<void>> {
  const worker = await Worker.create({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    taskQueue: taskQueues.features,
    activities: atEdge(createQualityActivities({ db, objects })),
  })
  const running = worker.run()
  return async () => {
    worker.shutdown()
    await running
  }
}
