import { and, desc, eq, lt, or } from 'drizzle-orm'
import type { ApiKey } from '#contracts/access.ts'
import type { Executor } from '../client.ts'
import { apiKey } from '../schema.ts'
import { decodeCursor, pageOf } from './cursor.ts'
import { iso, isoOrNull } from './timestamps.ts'

type Row = typeof apiKey.$inferSelect

/** Newest first, revoked ones included. */
export async function listKeys(db: Executor, { limit, after }: { limit: number; after?: string | undefined }) {
  const [createdAt, id] = after === undefined ? [] : decodeCursor(after, ['', ''] as [string, string])
  const rows = await db
    .select()
    .from(apiKey)
    .where(
      createdAt === undefined || id === undefined
        ? undefined
        : or(lt(apiKey.createdAt, createdAt), and(eq(apiKey.createdAt, createdAt), lt(apiKey.id, id))),
    )
    .orderBy(desc(apiKey.createdAt), desc(apiKey.id))
    .limit(limit + 1)
  return pageOf(rows, limit, (row) => [row.createdAt, row.id], keyOf)
}

export async function findKey(db: Executor, id: string): Promise<ApiKey | undefined> {
  const [row] = await db.select().from(apiKey).where(eq(apiKey.id, id))
  return row && keyOf(row)
}

/** The key whose SHA-256 this is. The hash of a random secret is looked up by index: its timing tells nothing of the secret. */
export async function findKeyBySha256(db: Executor, sha256: string): Promise<ApiKey | undefined> {
  const [row] = await db.select().from(apiKey).where(eq(apiKey.keySha256, sha256))
  return row && keyOf(row)
}

const keyOf = (row: Row): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  createdAt: iso(row.createdAt),
  revokedAt: isoOrNull(row.revokedAt),
})
