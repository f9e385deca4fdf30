import { dirname, join } from 'node:path'
import { localServers } from './local-servers.ts'
import { Supervisor } from './supervisor.ts'

export type ServiceAddresses = {
  /** a role that may create databases */
  databaseUrl: string
  temporalAddress: string
  objectStore: { endpoint: string; region: string; accessKey: string; secretKey: string }
  /** Temporal's time-skipping test server */
  timeSkippingServer: string
  python: string
}

/**
 * PostgreSQL, Temporal and the S3 store alone, supervised by this process, for tests: what a killed run left is adopted.
 * `python` is the interpreter beside which the servers' programs lie.
 */
export async function startServices(options: {
  stateDir: string
  python: string
}): Promise<{ addresses: ServiceAddresses; stop(): Promise<void> }> {
  const { stateDir, python } = options
  const supervisor = new Supervisor(stateDir)
  try {
    const { processes, settings } = await localServers(supervisor, {
      python,
      wanted: { database: true, temporal: true, objectStore: true },
      names: { database: 'quantloop', bucket: 'quantloop', region: 'us-east-1', namespace: 'quantloop' },
      durable: false,
    })
    await supervisor.announce(processes)
    await Promise.all(processes.map(({ name }) => supervisor.keep(name)))
    supervisor.isUp()
    const text = (path: string) => String(settings[path])
    return {
      addresses: {
        databaseUrl: text('database.url'),
        temporalAddress: text('temporal.address'),
        objectStore: {
          endpoint: text('objectStore.endpoint'),
          region: 'us-east-1',
          accessKey: text('objectStore.accessKey'),
          secretKey: text('objectStore.secretKey'),
        },
        timeSkippingServer: join(dirname(python), 'temporal-test-server'),
        python,
      },
      stop: () => supervisor.stop(),
    }
  } catch (error) {
    await supervisor.stop()
    throw error
  }
}
