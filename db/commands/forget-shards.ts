import { inArray, sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { featureShardCache } from '../schema.ts'

/** Cached shards that are gone from the store, or about to go. */
export async function forgetShards(db: Executor, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await db.delete(featureShardCache).where(inArray(sql`${featureShardCache.shard} #>> '{object,uri}'`, [...keys]))
}
