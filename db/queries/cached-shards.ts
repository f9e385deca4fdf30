import { and, desc, inArray, isNotNull, sql } from 'drizzle-orm'
import type { FeatureShard } from '#contracts/features.ts'
import type { ShardColumn } from '#domain/features/definitions.ts'
import type { NonFinite } from '#domain/features/non-finite.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import { decodeStates, joinStates, type SliceStates } from '#domain/features/slice-states.ts'
import { groupBy } from '#domain/group-by.ts'
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

/** By key the states of recursive steps at the end of its slice, as all of its shards say. */
export async function findStates(db: Executor, keys: readonly string[]): Promise<Map<string, SliceStates>> {
  if (keys.length === 0) return new Map()
  const { key, states } = featureShardCache
  const found = await db
    .select({ key, states })
    .from(featureShardCache)
    .where(and(named(keys), isNotNull(states)))
  const byKey = groupBy(found, (each) => each.key)
  return new Map([...byKey].map(([of, each]) => [of, joinStates(each.map((row) => decodeStates(row.states!)))]))
}

/** A shard at a place, what it is known by, and how its slice ends. */
export type EarlierCached = { place: string; key: string; shard: FeatureShard; ends: SeriesEnds }

/** The newest shard of some columns at each place that has one. */
export async function findEarlierShards(db: Executor, places: readonly string[], columnsHash: string): Promise<EarlierCached[]> {
  if (places.length === 0) return []
  const { place, key, shard, ends, columns, createdAt } = featureShardCache
  const found = await db
    .selectDistinctOn([place], { place, key, shard, ends })
    .from(featureShardCache)
    .where(sql`${place} = any(${sql.param([...places])}::text[]) and ${columns} = ${columnsHash}`)
    .orderBy(place, desc(createdAt))
  return found.map((each) => ({ ...each, place: each.place! }))
}

const named = (keys: readonly string[]) => sql`${featureShardCache.key} = any(${sql.param([...keys])}::text[])`

/** What tells a shard from all others, and how the rows ahead of a label are known. */
export type ShardName = Pick<CachedShard, 'key' | 'columnsHash' | 'ahead'> & { uri: string }

/** As `findCachedShards`, by name alone. */
export async function nameCachedShards(db: Executor, keys: readonly string[]): Promise<ShardName[]> {
  if (keys.length === 0) return []
  const { key, columns: columnsHash, shard, ahead } = featureShardCache
  return await db
    .select({ key, columnsHash, ahead, uri: sql<string>`${shard} #>> '{object,uri}'` })
    .from(featureShardCache)
    .where(named(keys))
}

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
