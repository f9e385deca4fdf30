import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from './client.ts'

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url))
const migrationLock = 7_183_501_244

/** Brings the schema up to date. Two that start at once take turns: drizzle's own migrator takes no lock. */
export async function migrateDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    await migrate(drizzle(client), { migrationsFolder })
  } finally {
    await client.end()
  }
}

/** A process refuses a schema older than its own. */
export async function assertMigrated(db: Database): Promise<void> {
  const wanted = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0
  const { rows } = await db
    .execute<{ created_at: string }>('select created_at from drizzle.__drizzle_migrations order by created_at desc limit 1')
    .catch(() => ({ rows: [] }))
  const found = Number(rows[0]?.created_at ?? 0)
  if (found < wanted)
    throw new QuantloopError(
      'unavailable',
      `the database schema is older (${found}) than this program (${wanted}): run \`quantloop migrate\``,
    )
}
