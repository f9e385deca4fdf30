import { once } from 'node:events'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Client, Connection } from '@temporalio/client'
import { createApp } from '#api/app.ts'
import { createSocketServer } from '#api/live/socket-server.ts'
import type { Config } from '#config/config.ts'
import { closeCodes } from '#contracts/events.ts'
import { connectDatabase } from '#db/client.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { createLogger } from '#telemetry/logger.ts'
import packageJson from '../package.json' with { type: 'json' }

/** How long requests that are being answered may take to end after SIGTERM. */
const drainMs = 10_000

/**
 * Serves the API until SIGTERM or SIGINT. It starts without PostgreSQL, Temporal or the store, finds each again when it
 * is back, and /health/ready says which is missing.
 */
export async function main(config: Config): Promise<void> {
  const log = createLogger('api', config.log.level)
  const database = connectDatabase(config.database.url, {
    max: 20,
    onError: (error) => log.warn({ err: error }, 'a database connection was lost'),
  })
  const app = createApp({
    db: database.db,
    temporal: new Client({ connection: Connection.lazy({ address: config.temporal.address }), namespace: config.temporal.namespace }),
    objects: createObjectStore(config.objectStore, { cacheDir: join(config.stateDir, 'cache') }),
    log,
    version: packageJson.version,
    clock: () => new Date(),
  })
  const sockets = createSocketServer()
  const server = serve(
    { fetch: app.fetch, hostname: config.api.host, port: config.api.port, websocket: { server: sockets } },
    ({ address, port }) => log.info({ address, port }, 'the API is up'),
  )
  await Promise.race([once(server, 'error').then(([error]) => Promise.reject(error)), once(process, 'SIGTERM'), once(process, 'SIGINT')])
  log.info('the API is draining')
  for (const follower of sockets.clients) follower.close(closeCodes.restarting, 'the API is restarting')
  const late = setTimeout(() => {
    for (const follower of sockets.clients) follower.terminate()
    if ('closeAllConnections' in server) server.closeAllConnections()
  }, drainMs)
  if ('closeIdleConnections' in server) server.closeIdleConnections()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  clearTimeout(late)
  // an idle channel keeps no process alive; closing it under a call that is being retried would throw out of a timer
  await database.close()
  log.info('the API has ended')
}
