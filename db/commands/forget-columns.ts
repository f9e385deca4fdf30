import { inArray, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { featureColumnCache } from '../schema.ts'

/** Cached columns whose shards are about to go. */
export async function forgetColumns(db: Executor, keys: readonly string[]): Promise<void> {
  await db.delete(featureColumnCache).where(inArray(sql`${featureColumnCache.object} ->> 'uri'`, [...keys]))
}
