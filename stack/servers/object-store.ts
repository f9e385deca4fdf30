import { rmSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
// oxlint-disable-next-line no-restricted-imports -- the server below storage/ is checked here, and stack/ may not import storage/
import { Client } from 'minio'
import { fingerprintOf } from '../fingerprint.ts'
import { loopback } from '../ports.ts'
import type { ManagedProcess } from '../managed-process.ts'
import { program } from './programs.ts'

export type ObjectStoreSettings = {
  stateDir: string
  python: string
  ports: Record<ObjectStorePort, number>
  bucket: string
  region: string
  accessKey: string
  secretKey: string
}

/** SeaweedFS takes, for each of these, the port 10,000 above for its own traffic. */
export const objectStorePorts = ['s3', 'master', 'volume', 'filer', 'admin'] as const
export type ObjectStorePort = (typeof objectStorePorts)[number]
export const objectStorePortOffset = 10_000

const probe = 'probe/supervisor'

export const objectStoreArguments = ({ stateDir, bucket, ports }: Pick<ObjectStoreSettings, 'stateDir' | 'bucket' | 'ports'>): string[] => [
  'mini',
  `-dir=${directoryOf(stateDir)}`,
  `-ip=${loopback}`,
  `-ip.bind=${loopback}`,
  `-bucket=${bucket}`,
  ...objectStorePorts.map((name) => `-${name}.port=${ports[name]}`),
  '-s3.port.iceberg=0',
  '-s3.port.lance=0',
  '-admin.ui=false',
  '-webdav=false',
  '-master.telemetry=false',
]

const directoryOf = (stateDir: string) => join(stateDir, 's3')

/** SeaweedFS in one process, speaking S3. */
export function objectStoreServer(settings: ObjectStoreSettings): ManagedProcess {
  const directory = directoryOf(settings.stateDir)
  const client = new Client({
    endPoint: loopback,
    port: settings.ports.s3,
    useSSL: false,
    region: settings.region,
    accessKey: settings.accessKey,
    secretKey: settings.secretKey,
  })
  return {
    name: 'object-store',
    after: [],
    fingerprint: fingerprintOf(settings),
    url: `http://${loopback}:${settings.ports.s3}`,
    prepare: async () => {
      await mkdir(directory, { recursive: true })
      // it would add the options of earlier starts to ours
      rmSync(join(directory, 'mini.options'), { force: true })
    },
    command: () => ({
      file: program('weed', settings.python, 'QUANTLOOP_S3_ENDPOINT'),
      args: objectStoreArguments(settings),
      env: {
        PATH: process.env.PATH ?? '',
        HOME: directory,
        AWS_ACCESS_KEY_ID: settings.accessKey,
        AWS_SECRET_ACCESS_KEY: settings.secretKey,
      },
      cwd: directory,
    }),
    // a write, for the gateway answers before there is a volume to write to
    ready: async () => {
      await client.putObject(settings.bucket, probe, 'ready')
      await client.removeObject(settings.bucket, probe)
    },
    readyWithinMs: 60_000,
    farewell: { signal: 'SIGTERM', graceMs: 15_000 },
  }
}
