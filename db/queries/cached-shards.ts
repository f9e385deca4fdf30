import { desc, inArray, sql } from 'drizzle-orm'
import type { FeatureShard } from '#contracts/features.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { NonFinite } from '#domain/features/non-finite.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import type { Ahead } from '#domain/features/slice-keys.ts'
import type { Executor } from '../client.ts'
import { featureColumnList, featureShardCache } from '../schema.ts'

/** A shard that is there. `columnsHash` names `columns`; `sessions` are bits from its first session on. */
export type CachedShard = {
  key: string
  columnsHash: string
  columns: readonly ShardColumn[]
  shard: FeatureShard
  sessions: Uint8Array
  ahead: Ahead
  nonFinite: NonFinite
}

/** By key, how a slice ends for each of its group's symbols, as any of its shards says. */
export async function findSeriesEnds(db: Executor, keys: readonly string[]): Promise<Map<string, SeriesEnds>> {
  if (keys.length === 0) return new Map()
  const { key, ends } = featureShardCache
  const found = await db.selectDistinctOn([key], { key, ends }).from(featureShardCache).where(named(keys))
  return new Map(found.map((each) => [each.key, each.ends]))
}

/** A shard at a place, and how its slice ends. */
export type EarlierCached = { place: string; shard: FeatureShard; ends: SeriesEnds }

/** The newest shard of some columns at each place that has one. */
export async function findEarlierShards(db: Executor, places: readonly string[], columnsHash: string): Promise<EarlierCached[]> {
  const { place, shard, ends, columns, createdAt } = featureShardCache
  const found = await db
    .selectDistinctOn([place], { place, shard, ends })
    .from(featureShardCache)
    .where(sql`${place} = any(${sql.param([...places])}::text[]) and ${columns} = ${columnsHash}`)
    .orderBy(place, desc(createdAt))
  return found.map((each) => ({ ...each, place: each.place! }))
}

const named = (keys: readonly string[]) => sql`${featureShardCache.key} = any(${sql.param([...keys])}::text[])`

/** Every shard whose rows were computed from what one of the keys names. */
export async function findCachedShards(db: Executor, keys: readonly string[]): Promise<CachedShard[]> {
  if (keys.length === 0) return []
  const { key, columns: columnsHash, shard, sessions, ahead, nonFinite } = featureShardCache
  const shards = await db.select({ key, columnsHash, shard, sessions, ahead, nonFinite }).from(featureShardCache).where(named(keys))
  if (shards.length === 0) return []
  const hashes = [...new Set(shards.map((each) => each.columnsHash))]
  const lists = await db.select().from(featureColumnList).where(inArray(featureColumnList.hash, hashes))
  const columnsOf = new Map(lists.map(({ hash, columns }) => [hash, columns]))
  return shards.map((each) => ({ ...each, columns: columnsOf.get(each.columnsHash)! }))
}
