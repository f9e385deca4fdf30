import { join } from 'node:path'
import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { createCalibrationActivities, createCalibrationRequestActivities } from '#activities/calibration.ts'
import { createCollectionActivities } from '#activities/collections.ts'
import { createDatasetActivities } from '#activities/datasets.ts'
import { createVendors, type Vendors } from '#activities/datasets/vendors/vendors.ts'
import { createDeploymentActivities } from '#activities/deployments.ts'
import { atEdge } from '#activities/edge.ts'
import { createFeatureBuildActivities, createFeatureRequestActivities } from '#activities/features.ts'
import { createInspectionActivities } from '#activities/inspections.ts'
import { createJournalActivities } from '#activities/journal.ts'
import { createOrderActivities } from '#activities/orders.ts'
import { createScheduleActivities } from '#activities/schedules.ts'
import { createSupervisionActivities } from '#activities/supervision.ts'
import { createTraceActivities } from '#activities/trace.ts'
import { createTrainingActivities } from '#activities/training.ts'
import type { Config } from '#config/config.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { assertMigrated } from '#db/migrate.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { folderCopy, type SecondCopy } from '#storage/second-copy.ts'
import { createLogger } from '#telemetry/logger.ts'
import { connectWorker, installTemporalRuntime, temporalLogger } from './temporal.ts'
import { workflowBundle } from './workflow-bundle.ts'

export type OrchestrationWorld = {
  db: Database
  objects: ObjectStore
  secondCopy?: SecondCopy | undefined
  client: Client
  vendors: Vendors
  config: Pick<Config, 'trainer'>
}

/** Every activity of the orchestration queue: light I/O. What needs threads or a GPU runs on queues of its own. */
export const orchestrationActivities = ({ db, objects, secondCopy, client, vendors, config }: OrchestrationWorld) =>
  atEdge({
    ...createJournalActivities({ db }),
    ...createDatasetActivities({ db, objects, vendors, python: config.trainer.python }),
    ...createDeploymentActivities({ db, objects }),
    ...createFeatureRequestActivities({ db, client }),
    ...createFeatureBuildActivities({ db, objects }),
    ...createOrderActivities({ db, client }),
    ...createScheduleActivities({ db, client }),
    ...createTrainingActivities({ db, objects }),
    ...createCalibrationRequestActivities({ db, client }),
    ...createCalibrationActivities({ db, objects }),
    ...createSupervisionActivities({ db, objects, client }),
    ...createTraceActivities({ db, objects }),
    ...createInspectionActivities({ db, objects, secondCopy }),
    ...createCollectionActivities({ db, objects, clock: () => new Date() }),
  })

/** Runs workflows and their light activities until SIGTERM or SIGINT, then lets what is running finish. */
export async function main(config: Config): Promise<void> {
  const logger = createLogger('orchestration', config.log.level)
  installTemporalRuntime(logger)
  const database = connectDatabase(config.database.url, {
    max: 20,
    onError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  })
  try {
    await assertMigrated(database.db)
    const cacheDir = join(config.stateDir, 'cache')
    const objects = createObjectStore(config.objectStore, { cacheDir })
    const { mirrorDir } = config.objectStore
    const secondCopy = mirrorDir === undefined ? undefined : folderCopy(mirrorDir)
    const vendors = createVendors(vendorAccess(process.env, config.stateDir))
    const connection = await connectWorker(config.temporal, logger)
    try {
      const client = new Client({ connection, namespace: config.temporal.namespace })
      const worker = await Worker.create({
        connection,
        namespace: config.temporal.namespace,
        taskQueue: taskQueues.orchestration,
        workflowBundle: await workflowBundle(cacheDir, temporalLogger(logger)),
        activities: orchestrationActivities({ db: database.db, objects, secondCopy, client, vendors, config }),
        maxHeartbeatThrottleInterval: '1 second',
        defaultHeartbeatThrottleInterval: '1 second',
        shutdownGraceTime: '5 seconds',
        shutdownForceTime: '20 seconds',
      })
      logger.info('orchestration worker is up')
      await worker.run()
      logger.info('orchestration worker has drained')
    } finally {
      await connection.close()
    }
  } finally {
    await database.close()
  }
}
