import type { Database } from '#db/client.ts'
import { findSeriesEnds } from '#db/queries/cached-shards.ts'
import type { SeriesEnds } from '#domain/features/series-ends.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Ends of one symbol each, of about 300 bytes. */
const mostKnown = 65_536

/** By what they follow from. */
const known = new RecentlyUsed<SeriesEnds>(mostKnown, (ends) => Object.keys(ends).length)

export const keepSeriesEnds = (key: string, ends: SeriesEnds): void => known.set(key, ends)

/** As `findSeriesEnds`. One session after another goes on from the same slices: what was seen lately is not asked for. */
export async function findKnownEnds(db: Database, keys: readonly string[]): Promise<Map<string, SeriesEnds>> {
  const ends = new Map<string, SeriesEnds>()
  const unseen: string[] = []
  for (const key of keys) {
    const own = known.get(key)
    if (own === undefined) unseen.push(key)
    else ends.set(key, own)
  }
  for (const [key, own] of await findSeriesEnds(db, unseen)) {
    ends.set(key, own)
    keepSeriesEnds(key, own)
  }
  return ends
}
