import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import * as schema from './schema.ts'

export type Database = NodePgDatabase<typeof schema>

/** Either the database or a transaction on it: what a command that takes part in one receives. */
export type Executor = Pick<Database, 'select' | 'selectDistinctOn' | 'insert' | 'update' | 'delete' | 'execute' | 'transaction'>

export type DatabaseConnection = { db: Database; pool: pg.Pool; close(): Promise<void> }

/** A pool on PostgreSQL. Without `queryTimeoutMs` a statement may take its time. `onError` hears of connections that died while idle: a dying server must not kill a process. */
export function connectDatabase(
  url: string,
  options: { max?: number; queryTimeoutMs?: number; onError?: (error: Error) => void } = {},
): DatabaseConnection {
  const { max = 10, queryTimeoutMs } = options
  const connectionTimeoutMillis = Math.min(5_000, queryTimeoutMs ?? 5_000)
  const pool = new pg.Pool({ connectionString: url, max, connectionTimeoutMillis, query_timeout: queryTimeoutMs, keepAlive: true })
  pool.on('error', options.onError ?? (() => {}))
  return { db: drizzle(pool, { schema }), pool, close: () => pool.end() }
}
