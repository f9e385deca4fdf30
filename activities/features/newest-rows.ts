import { featureRowAt } from '#domain/features/feature-row.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { SymbolRows } from './shard-file.ts'

/**
 * The last row of a symbol in the whole build: `values` are float32, little-endian, in base64. In a build with a universe it
 * is of a member, which the symbol remains until `memberUntil`.
 */
export type NewestRow = { symbol: string; session: string; values: string; memberUntil?: string }

/** The label and its persistence are no features, and stand last. */
export const featuresOf = (columns: readonly Float32Array[]) => columns.slice(0, -2)

/** Of symbols that are in `last`, the last row among some, whose feature columns these are. */
export function newestOf(rows: readonly SymbolRows[], features: readonly Float32Array[], last: ReadonlySet<string>): NewestRow[] {
  let end = 0
  return rows.flatMap(({ symbol, sessions }) => {
    end += sessions.length
    if (!last.has(symbol)) return []
    const { buffer } = featureRowAt(features, end - 1)
    return [{ symbol, session: sessions.at(-1)!, values: Buffer.from(buffer).toString('base64') }]
  })
}

/** Rows of about a kilobyte: a shard need not be read for the few that a build after it asks of it again. */
const kept = new RecentlyUsed<NewestRow[]>(8192, (rows) => rows.length)

const keyOf = ({ sha256 }: ObjectRef, last: ReadonlySet<string>) => `${sha256} ${[...last].join()}`

export const recentNewest = (shard: ObjectRef, last: ReadonlySet<string>): NewestRow[] | undefined => kept.get(keyOf(shard, last))

export const keepNewestRows = (shard: ObjectRef, last: ReadonlySet<string>, rows: NewestRow[]): void => kept.set(keyOf(shard, last), rows)
