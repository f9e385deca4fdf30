import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { Config } from '#config/config.ts'
import { connectDatabase } from '#db/client.ts'
import { replicasChannel } from '#db/commands/hint-replicas.ts'
import { listenTo } from '#db/listen-to.ts'
import { createServingApp } from '#serving/app.ts'
import { createServingMetrics } from '#serving/metrics.ts'
import { PredictionLog } from '#serving/prediction-log/prediction-log.ts'
import { claimReplicaFolder } from '#serving/prediction-log/replica-folder.ts'
import { PredictionShipper } from '#serving/prediction-log/shipper.ts'
import { Replica } from '#serving/replica.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { createLogger } from '#telemetry/logger.ts'
import packageJson from '../package.json' with { type: 'json' }

/** Looks must be quick, or the lease runs out; shipping a large batch may take its time. */
const lookTimeoutMs = 2_000
const shipTimeoutMs = 30_000
const drainMs = 10_000
const lastShipMs = 3_000

/**
 * One serving replica, until SIGTERM or SIGINT. It starts without PostgreSQL, Temporal or the store when a replica has
 * served on this machine before.
 */
export async function main(config: Config): Promise<void> {
  const logger = createLogger('serving', config.log.level)
  const root = join(config.stateDir, 'cache', 'serving')
  const folder = await claimReplicaFolder(root)
  const onError = (error: Error) => logger.debug({ err: error }, 'a database connection was lost')
  const looking = connectDatabase(config.database.url, { max: 2, queryTimeoutMs: lookTimeoutMs, onError })
  const shipping = connectDatabase(config.database.url, { max: 1, queryTimeoutMs: shipTimeoutMs, onError })
  try {
    const log = await PredictionLog.open(folder.path, logger)
    const shipper = new PredictionShipper(shipping.db, log, root, logger)
    const objects = createObjectStore(config.objectStore, { cacheDir: join(config.stateDir, 'cache') })
    const replica = new Replica({
      db: looking.db,
      objects,
      replicaId: folder.replicaId,
      url: config.serving.url,
      knownStatePath: join(root, 'known.json'),
      logger,
    })
    await replica.restore()
    await replica.look()
    await replica.routes.loaded()
    const metrics = createServingMetrics({ replica, log })
    const app = createServingApp({ replica, log, metrics, clock: () => new Date(), logger }, packageJson.version)
    const server = createAdaptorServer({ fetch: app.fetch }) as Server
    const port = await listen(server, config.serving)
    replica.follow()
    const hints = listenTo(config.database.url, replicasChannel, { heard: () => replica.hint(), onError })
    shipper.start()
    logger.info({ replicaId: folder.replicaId, host: config.serving.host, port }, 'serving is up')

    const signal = await terminated()
    logger.info({ signal }, 'serving drains')
    await hints.close()
    await replica.leave()
    await drain(server)
    await replica.tellAll()
    await shipper.stop(lastShipMs)
    await log.close()
    replica.routes.close()
    logger.info('serving has drained')
  } finally {
    await folder.release()
    await Promise.all([looking.close(), shipping.close()])
  }
}

/** The port that was bound: port 0 asks for any free one. */
async function listen(server: Server, { host, port }: Config['serving']): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const terminated = () =>
  new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve)
  })

/** Answers what has arrived and takes nothing more; a client that keeps its connection busy is cut off in the end. */
async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const idle = setInterval(() => server.closeIdleConnections(), 50)
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs)
  await closed
  clearInterval(idle)
  clearTimeout(deadline)
}
