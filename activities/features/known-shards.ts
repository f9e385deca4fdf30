import type { Database } from '#db/client.ts'
import { type CachedShard, findCachedShards, nameCachedShards } from '#db/queries/cached-shards.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Of about a kilobyte each. */
const mostKnown = 16_384

/** By what they were computed from, their columns and their object: all but how the rows ahead of a label are known. */
const known = new RecentlyUsed<CachedShard>(mostKnown)

/** As `findCachedShards`. One build after another asks for the same shards: of those that were seen lately only the names are read. */
export async function findKnownShards(db: Database, keys: readonly string[]): Promise<CachedShard[]> {
  const named = (await nameCachedShards(db, keys)).map((each) => ({ ...each, id: `${each.key} ${each.columnsHash} ${each.uri}` }))
  const unseen = named.filter(({ id }) => known.get(id) === undefined).map(({ key }) => key)
  const found = await findCachedShards(db, [...new Set(unseen)])
  for (const each of found) known.set(`${each.key} ${each.columnsHash} ${each.shard.object.uri}`, each)
  return named.flatMap(({ id, ahead }) => {
    // one that was replaced between the two questions is not known by this name
    const shard = known.get(id)
    return shard === undefined ? [] : [{ ...shard, ahead }]
  })
}
