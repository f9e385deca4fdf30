import type { Database } from '#db/client.ts'
import { type CachedShard, findCachedShards, nameCachedShards } from '#db/queries/cached-shards.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Of about a kilobyte each. */
const mostKnown = 16_384

/** By what they were computed from, their columns and their object: all but how the rows ahead of a label are known. */
const known = new RecentlyUsed<CachedShard>(mostKnown)

const idOf = (key: string, columnsHash: string, uri: string) => `${key} ${columnsHash} ${uri}`

/** As `findCachedShards`. One build after another asks for the same shards: of those that were seen lately only the names are read. */
export async function findKnownShards(db: Database, keys: readonly string[]): Promise<CachedShard[]> {
  const named = await nameCachedShards(db, keys)
  const shards = new Map<string, CachedShard>()
  const unseen = new Set<string>()
  for (const { key, columnsHash, uri } of named) {
    const id = idOf(key, columnsHash, uri)
    const shard = known.get(id)
    if (shard === undefined) unseen.add(key)
    else shards.set(id, shard)
  }
  for (const shard of await findCachedShards(db, [...unseen])) {
    const id = idOf(shard.key, shard.columnsHash, shard.shard.object.uri)
    shards.set(id, shard)
    known.set(id, shard)
  }
  return named.flatMap(({ key, columnsHash, uri, ahead }) => {
    // one that was replaced between the two questions is not known by this name
    const shard = shards.get(idOf(key, columnsHash, uri))
    return shard === undefined ? [] : [{ ...shard, ahead }]
  })
}
