import { inArray } from 'drizzle-orm'
import type { ObjectRef } from '#contracts/references.ts'
import type { Executor } from '../client.ts'
import { featureColumnCache } from '../schema.ts'

/** A column of a feature shard. */
export type CachedColumn = { key: string; object: ObjectRef; column: string }

export async function findCachedColumns(db: Executor, keys: readonly string[]): Promise<CachedColumn[]> {
  if (keys.length === 0) return []
  const { key, object, column } = featureColumnCache
  return await db
    .select({ key, object, column })
    .from(featureColumnCache)
    .where(inArray(key, [...keys]))
}
