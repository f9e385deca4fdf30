import { asc, isNull } from 'drizzle-orm'
import type { Role } from '#contracts/access.ts'
import type { Executor } from '../client.ts'
import { apiKey } from '../schema.ts'

export type ValidKey = { keySha256: string; role: Role; name: string }

/** Every key that is not revoked, by hash: what a serving replica holds so that it can check a key on its own. */
export async function readValidKeys(db: Executor): Promise<ValidKey[]> {
  return await db
    .select({ keySha256: apiKey.keySha256, role: apiKey.role, name: apiKey.name })
    .from(apiKey)
    .where(isNull(apiKey.revokedAt))
    .orderBy(asc(apiKey.keySha256))
}
