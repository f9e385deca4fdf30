/**
 * Real servers for tests. Each caller gets a database, a bucket or a namespace of its own on servers that the global
 * set-up started (or that QUANTLOOP_TEST_SERVICES names).
 */
import { randomBytes } from 'node:crypto'
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
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(databaseUrl, `create database ${name}`)
  const url = Object.assign(new URL(databaseUrl), { pathname: `/${name}` }).toString()
  await migrateDatabase(url)
  const connection = connectDatabase(url)
  return {
    ...connection,
    url,
    drop: async () => {
      await connection.close()
      await administer(databaseUrl, `drop database ${name} with (force)`)
    },
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
