import { join } from 'node:path'
import pg from 'pg'
import { loopback } from '../ports.ts'
import type { Farewell, ManagedProcess } from '../managed-process.ts'
import { type Account, unprivilegedAccount } from './account.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { endStrayPostmaster } from './stray-postmaster.ts'
import { postgresData, postgresPrograms } from './postgres-files.ts'

export type PostgresSettings = {
  stateDir: string
  port: number
  user: string
  password: string
  /** made when it is not there */
  database: string
  /** false for tests: a power cut may then lose what was committed, a kill not */
  durable: boolean
}

/** SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them. */
const farewell: Farewell = { signal: 'SIGINT', graceMs: 30_000 }

export const postgresUrl = (settings: PostgresSettings, database = settings.database) =>
  `postgresql://${settings.user}:${settings.password}@${loopback}:${settings.port}/${database}`

/** PostgreSQL from the pinned package: loopback only, SCRAM passwords, no unix socket. */
export function postgresServer(settings: PostgresSettings): ManagedProcess {
  let files: { programs: string; data: string; account: Account | undefined } | undefined
  return {
    name: 'postgres',
    after: [],
    fingerprint: fingerprintOf(settings),
    url: `postgresql://${loopback}:${settings.port}/${settings.database}`,
    prepare: async () => {
      const account = unprivilegedAccount()
      const programs = await postgresPrograms(account)
      files = { account, programs, data: await postgresData({ ...settings, programs, account }) }
      await endStrayPostmaster(files.data, settings, farewell)
    },
    command: () => {
      const { programs, data, account } = files!
      return {
        file: join(programs, 'bin/postgres'),
        args: ['-D', data, '-p', String(settings.port), ...postgresServerSettings(settings.durable).flatMap((setting) => ['-c', setting])],
        env: { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' },
        cwd: '/',
        ...(account ? { account } : {}),
      }
    },
    ready: () => databaseIsThere(settings),
    readyWithinMs: 60_000,
    farewell,
  }
}

export const postgresServerSettings = (durable: boolean) => [
  `listen_addresses=${loopback}`,
  'unix_socket_directories=',
  'max_connections=200',
  'password_encryption=scram-sha-256',
  'log_min_duration_statement=1000',
  ...(durable ? [] : ['fsync=off', 'full_page_writes=off']),
]

async function databaseIsThere(settings: PostgresSettings): Promise<void> {
  const client = new pg.Client({ connectionString: postgresUrl(settings, 'postgres'), connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [settings.database])
    if (rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(settings.database)}`)
  } finally {
    await client.end()
  }
}
