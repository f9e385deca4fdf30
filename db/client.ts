import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import * as schema from './schema.ts'

export type Database = NodePgDatabase<typeof schema>

/** Either the database or a transaction on it: what a command that takes part in one receives. */
export type Executor = Pick<Database, 'select' | 'selectDistinctOn' | 'insert' | 'update' | 'delete' | 'execute' | 'transaction'>

export type DatabaseConnection = { db: Database; pool: pg.Pool; close(): Promise<void> }

/** A pool on PostgreSQL. `onError` hears of connections that died while idle: a dying server must not kill a process. */
export function connectDatabase(url: string, options: { max?: number; onError?: (error: Error) => void } = {}): DatabaseConnection {
  const pool = new pg.Pool({ connectionString: url, max: options.max ?? 10, connectionTimeoutMillis: 5_000, keepAlive: true })
  pool.on('error', options.onError ?? (() => {}))
  return { db: drizzle(pool, { schema }), pool, close: () => pool.end() }
}
