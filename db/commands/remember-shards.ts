import { sql } from 'drizzle-orm'
import type { ShardColumn } from '#domain/features/definitions.ts'
import { compareText } from '#domain/market/actions.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import type { Executor } from '../client.ts'
import type { CachedShard } from '../queries/cached-shards.ts'
import { featureColumnList, featureShardCache } from '../schema.ts'

/** `ends` and `states` say how the slice ends for each symbol; `place` is where later shards look for rows that they have in common with it. */
export type NewlyCached = Omit<CachedShard, 'columnsHash' | 'columns'> & {
  ends: SeriesEnds
  states: Uint8Array | undefined
  place: string | null
}

export type ColumnList = { hash: string; columns: readonly ShardColumn[] }

/** Lists are long, and each shard of a build names the same one. */
const known = new WeakMap<Executor, Set<string>>()

async function rememberColumns(db: Executor, { hash, columns }: ColumnList): Promise<void> {
  const lists = known.get(db) ?? new Set()
  if (lists.has(hash)) return
  await db
    .insert(featureColumnList)
    .values({ hash, columns: [...columns] })
    .onConflictDoNothing()
  known.set(db, lists.add(hash))
}

/** Says where shards are. One that had a place gets the new one: its label may reach further now, or the old shard be gone. */
export async function rememberShards(db: Executor, list: ColumnList, shards: readonly NewlyCached[]): Promise<void> {
  if (shards.length === 0) return
  await rememberColumns(db, list)
  try {
    await insertShards(db, list.hash, shards)
  } catch (error) {
    // should the list be gone after all, the next try says it again
    known.delete(db)
    throw error
  }
}

async function insertShards(db: Executor, columns: string, shards: readonly NewlyCached[]): Promise<void> {
  await db
    .insert(featureShardCache)
    .values(
      inOrder(shards).map(({ sessions, states, ...shard }) => ({
        ...shard,
        columns,
        sessions: Buffer.from(sessions),
        states: states && Buffer.from(states),
      })),
    )
    .onConflictDoUpdate({
      target: [featureShardCache.key, featureShardCache.columns],
      set: {
        shard: sql`excluded.shard`,
        sessions: sql`excluded.sessions`,
        ahead: sql`excluded.ahead`,
        nonFinite: sql`excluded.non_finite`,
        // those of a shard whose label alone was computed again are fewer
        states: sql`coalesce(${featureShardCache.states}, excluded.states)`,
      },
    })
}

/** Says what months hold the rows ahead by now, which are what they were. */
export async function renewAhead(db: Executor, columnsHash: string, shards: readonly Pick<CachedShard, 'key' | 'ahead'>[]): Promise<void> {
  if (shards.length === 0) return
  await db.execute(sql`
    with locked as (
      select key, columns from ${featureShardCache}
      where key = any (${sql.param(shards.map(({ key }) => key))}::text[]) and columns = ${columnsHash}
      order by key for update
    )
    update ${featureShardCache} set ahead = renewed.ahead::jsonb
    from locked join unnest(${sql.param(shards.map(({ key }) => key))}::text[], ${sql.param(shards.map(({ ahead }) => JSON.stringify(ahead)))}::text[]) as renewed(key, ahead)
      on locked.key = renewed.key
    where ${featureShardCache.key} = locked.key and ${featureShardCache.columns} = locked.columns`)
}

/** Builds that share shards write the same rows at the same time: each takes them in this order, so that none waits for another in a ring. */
const inOrder = (shards: readonly NewlyCached[]) => shards.toSorted((a, b) => compareText(a.key, b.key))
