import { sql } from 'drizzle-orm'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { Executor } from '../client.ts'
import type { CachedShard } from '../queries/cached-shards.ts'
import { featureColumnList, featureShardCache } from '../schema.ts'

export type ColumnList = { hash: string; columns: readonly ShardColumn[] }

/** Says where shards are. One that had a place gets the new one: its label may reach further now, or the old shard be gone. */
export async function rememberShards(
  db: Executor,
  { hash, columns }: ColumnList,
  shards: readonly Omit<CachedShard, 'columnsHash' | 'columns'>[],
): Promise<void> {
  if (shards.length === 0) return
  await db
    .insert(featureColumnList)
    .values({ hash, columns: [...columns] })
    .onConflictDoNothing()
  await db
    .insert(featureShardCache)
    .values(shards.map(({ sessions, ...shard }) => ({ ...shard, columns: hash, sessions: Buffer.from(sessions) })))
    .onConflictDoUpdate({
      target: [featureShardCache.key, featureShardCache.columns],
      set: { shard: sql`excluded.shard`, sessions: sql`excluded.sessions`, ahead: sql`excluded.ahead` },
    })
}
