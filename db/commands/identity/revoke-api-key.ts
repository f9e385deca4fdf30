import { randomUUID } from 'node:crypto'
import { and, eq, isNull } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '../../client.ts'
import { apiKey, audit } from '../../schema.ts'

/**
 * Ends a key for good; a revoked one stays as it is. The last admin key cannot be revoked, for nobody could make
 * another. Two that revoke each other's key take turns on the locked admin rows.
 * @throws QuantloopError not_found | conflict
 */
export async function revokeApiKey(db: Database, { id, by }: { id: string; by: string }): Promise<void> {
  await db.transaction(async (tx) => {
    const admins = await tx
      .select({ id: apiKey.id })
      .from(apiKey)
      .where(and(eq(apiKey.role, 'admin'), isNull(apiKey.revokedAt)))
      .orderBy(apiKey.id)
      .for('update')
    const [key] = await tx
      .select({ name: apiKey.name, role: apiKey.role, revokedAt: apiKey.revokedAt })
      .from(apiKey)
      .where(eq(apiKey.id, id))
    if (key === undefined) throw new QuantloopError('not_found', `there is no API key ${id}`, { key: id })
    if (key.revokedAt !== null) return
    if (admins.length === 1 && admins[0]?.id === id)
      throw new QuantloopError('conflict', `${key.name} is the last admin key: create another admin key before revoking it`, { key: id })
    const revoked = await tx
      .update(apiKey)
      .set({ revokedAt: new Date().toISOString() })
      .where(and(eq(apiKey.id, id), isNull(apiKey.revokedAt)))
      .returning({ id: apiKey.id })
    if (revoked.length > 0)
      await tx
        .insert(audit)
        .values({ by, action: 'revoke-key', subject: `key/${id}`, commandId: randomUUID(), detail: { name: key.name, role: key.role } })
  })
}
