import { randomBytes } from 'node:crypto'
import type { StackFile } from '#config/stack-file.ts'
import type { ManagedProcess } from './managed-process.ts'
import { areFree, freePort, loopback } from './ports.ts'
import { objectStorePortOffset, objectStorePorts, objectStoreServer, type ObjectStorePort } from './servers/object-store.ts'
import { postgresServer, postgresUrl } from './servers/postgres.ts'
import { temporalServer } from './servers/temporal.ts'
import type { Supervisor } from './supervisor.ts'

export type LocalServerOptions = {
  python: string
  /** false: an address was given, so nothing is started */
  wanted: { database: boolean; temporal: boolean; objectStore: boolean }
  names: { database: string; bucket: string; region: string; namespace: string }
  durable: boolean
}

/**
 * The servers that this machine runs itself, with ports and secrets as they were last time, or new ones. `settings` are
 * the addresses by their paths in the configuration.
 */
export async function localServers(
  supervisor: Supervisor,
  options: LocalServerOptions,
): Promise<{ processes: ManagedProcess[]; settings: StackFile['settings'] }> {
  const { stateDir, file } = supervisor
  const { python, wanted, names, durable } = options
  const processes: ManagedProcess[] = []
  const settings: StackFile['settings'] = {}

  if (wanted.database) {
    const port = await keptPort(supervisor, 'postgres', 'postgres')
    const password = keptSecret(file, 'postgres')
    const postgres = { stateDir, port, user: 'quantloop', password, database: names.database, durable }
    processes.push(postgresServer(postgres))
    settings['database.url'] = postgresUrl(postgres)
  }
  if (wanted.temporal) {
    const port = await keptPort(supervisor, 'temporal', 'temporal')
    const uiPort = await keptPort(supervisor, 'temporal', 'temporal-ui', { preferred: 8233 })
    processes.push(temporalServer({ stateDir, python, port, uiPort, namespace: names.namespace }))
    settings['temporal.address'] = `${loopback}:${port}`
    settings['temporal.uiUrl'] = `http://${loopback}:${uiPort}`
  }
  if (wanted.objectStore) {
    const ports = {} as Record<ObjectStorePort, number>
    for (const name of objectStorePorts)
      ports[name] = await keptPort(supervisor, 'object-store', name, { alsoFree: [objectStorePortOffset] })
    const accessKey = keptSecret(file, 's3-access', 10)
    const secretKey = keptSecret(file, 's3-secret')
    processes.push(objectStoreServer({ stateDir, python, ports, bucket: names.bucket, region: names.region, accessKey, secretKey }))
    settings['objectStore.endpoint'] = `http://${loopback}:${ports.s3}`
    settings['objectStore.accessKey'] = accessKey
    settings['objectStore.secretKey'] = secretKey
  }
  return { processes, settings }
}

/** The port of last time, if its process still runs or nobody else took it; otherwise a new one. */
export async function keptPort(
  supervisor: Supervisor,
  processName: string,
  portName: string,
  options: { preferred?: number; alsoFree?: number[] } = {},
): Promise<number> {
  const { ports } = supervisor.file
  const known = ports[portName]
  if (known !== undefined && (supervisor.survivor(processName) || (await areFree(known, options.alsoFree)))) return known
  const port = await freePort({ ...options, taken: new Set(Object.values(ports)) })
  ports[portName] = port
  supervisor.save()
  return port
}

export function keptSecret(file: StackFile, name: string, bytes = 24): string {
  return (file.secrets[name] ??= randomBytes(bytes).toString('hex'))
}
