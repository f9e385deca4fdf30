import { sql } from 'drizzle-orm'
import type { Executor } from '../client.ts'
import { featureShardCache } from '../schema.ts'

/** Cached shards that are gone from the store, or about to go. */
export async function forgetShards(db: Executor, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  // in the order in which builds write them, so that neither waits for the other in a ring
  await db.execute(sql`
    with locked as (
      select key, columns from ${featureShardCache}
      where shard #>> '{object,uri}' = any (${sql.param([...keys])}::text[])
      order by key, columns for update
    )
    delete from ${featureShardCache} using locked
    where ${featureShardCache.key} = locked.key and ${featureShardCache.columns} = locked.columns`)
}
