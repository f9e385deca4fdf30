import { join } from 'node:path'
import { Worker } from '@temporalio/worker'
import { atEdge } from '#activities/edge.ts'
import { createFeatureComputeActivities, createFeatureInspectionActivities } from '#activities/features.ts'
import type { ShardWorld } from '#activities/features/compute-shards.ts'
import { createThreadPool } from '#activities/features/thread-pool.ts'
import { createQualityActivities } from '#activities/quality.ts'
import type { Config } from '#config/config.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { connectDatabase } from '#db/client.ts'
import { assertMigrated } from '#db/migrate.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { createLogger } from '#telemetry/logger.ts'
import { connectWorker, installTemporalRuntime } from './temporal.ts'

/** Every activity of the features queue: what needs processors. */
export const featuresActivities = (world: ShardWorld) =>
  atEdge({ ...createFeatureComputeActivities(world), ...createFeatureInspectionActivities(world), ...createQualityActivities(world) })

/**
 * Computes feature shards and examines snapshots, as many at once as it has threads, until SIGTERM or SIGINT. A shard under way is then cancelled
 * and taken up by another worker: what is finished is in the column cache.
 */
export async function main(config: Config): Promise<void> {
  const logger = createLogger('features', config.log.level)
  installTemporalRuntime(logger)
  const { threads } = config.features
  const database = connectDatabase(config.database.url, {
    max: threads,
    onError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  })
  const pool = createThreadPool(threads)
  try {
    await assertMigrated(database.db)
    const objects = createObjectStore(config.objectStore, { cacheDir: join(config.stateDir, 'cache') })
    const connection = await connectWorker(config.temporal, logger)
    try {
      const worker = await Worker.create({
        connection,
        namespace: config.temporal.namespace,
        taskQueue: taskQueues.features,
        activities: featuresActivities({ db: database.db, objects, pool }),
        maxConcurrentActivityTaskExecutions: threads,
        maxHeartbeatThrottleInterval: '1 second',
        defaultHeartbeatThrottleInterval: '1 second',
        shutdownGraceTime: '2 seconds',
        shutdownForceTime: '20 seconds',
      })
      logger.info({ threads }, 'features worker is up')
      await worker.run()
      logger.info('features worker has drained')
    } finally {
      await connection.close()
    }
  } finally {
    await pool.close()
    await database.close()
  }
}
