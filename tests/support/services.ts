/**
 * Real servers for tests. Each caller gets a database, a bucket or a namespace of its own on servers that the global
 * set-up started (or that QUANTLOOP_TEST_SERVICES names).
 */
import { createHash, randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import pg from 'pg'
import { connectDatabase, type DatabaseConnection } from '#db/client.ts'
import { migrateDatabase } from '#db/migrate.ts'

export type TestServices = {
  /** a role that may create databases */
  databaseUrl: string
  temporalAddress: string
  objectStore: { endpoint: string; region: string; accessKey: string; secretKey: string }
  /** path of the time-skipping test server */
  timeSkippingServer: string
  python: string
}

export function testServices(): TestServices {
  const given = process.env.QUANTLOOP_TEST_SERVICES
  if (!given) throw new Error('no test services: run the tests with `npm test`, whose set-up starts them')
  return JSON.parse(given) as TestServices
}

/** A new, migrated database; `drop` removes it. */
export async function testDatabase(): Promise<DatabaseConnection & { url: string; drop(): Promise<void> }> {
  const { databaseUrl } = testServices()
  const name = newName()
  const from = await (template ??= migratedTemplate(databaseUrl))
  await administer(databaseUrl, (ask) => ask(`create database ${name} template ${from}`))
  const url = urlOf(databaseUrl, name)
  const connection = connectDatabase(url)
  return {
    ...connection,
    url,
    drop: async () => {
      await connection.close()
      await administer(databaseUrl, (ask) => ask(`drop database ${name} with (force)`))
    },
  }
}

const newName = () => `test_${randomBytes(8).toString('hex')}`

const urlOf = (server: string, database: string): string => Object.assign(new URL(server), { pathname: `/${database}` }).toString()

const migrationsFolder = fileURLToPath(new URL('../../db/migrations', import.meta.url))
const templateLock = 7_183_501_245
let template: Promise<string> | undefined

/** A database of these migrations, to copy: it is made once, by whoever asks first, and copying takes a fifth of migrating. */
async function migratedTemplate(server: string): Promise<string> {
  const hashes = readMigrationFiles({ migrationsFolder }).map(({ hash }) => hash)
  const name = `template_${createHash('sha256').update(hashes.join()).digest('hex').slice(0, 16)}`
  await administer(server, async (ask) => {
    await ask(`select pg_advisory_lock(${templateLock})`)
    if ((await ask(`select from pg_database where datname = '${name}'`)).rowCount === 1) return
    // it has its name when it is whole
    const unnamed = newName()
    await ask(`create database ${unnamed}`)
    await migrateDatabase(urlOf(server, unnamed))
    await ask(`alter database ${unnamed} rename to ${name}`)
  })
  return name
}

type Ask = (statement: string) => Promise<pg.QueryResult>

async function administer(url: string, work: (ask: Ask) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work((statement) => client.query(statement))
  } finally {
    await client.end()
  }
}
