import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import type { CachedColumn } from '../queries/cached-columns.ts'
import { featureColumnCache } from '../schema.ts'

/** Says where computed columns are. A column that had a place gets the new one: its old shard may be gone. */
export async function rememberColumns(db: Executor, columns: readonly CachedColumn[]): Promise<void> {
  if (columns.length === 0) return
  await db
    .insert(featureColumnCache)
    .values([...columns])
    .onConflictDoUpdate({ target: featureColumnCache.key, set: { object: sql`excluded.object`, column: sql`excluded.column` } })
}
