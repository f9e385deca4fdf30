import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { CreatedApiKey, Role } from '#contracts/access.ts'
import type { Database } from '../../client.ts'
import { apiKey, audit } from '../../schema.ts'

export const hashApiKey = (key: string) => createHash('sha256').update(key).digest('hex')

export const mintApiKey = () => `ql_${randomBytes(32).toString('base64url')}`

/** A new key with its audit row. The answer is the only place where the key itself is ever seen. */
export async function createApiKey(db: Database, input: { name: string; role: Role; by: string }): Promise<CreatedApiKey> {
  const key = mintApiKey()
  const [id] = await insertKey(db, { ...input, key })
  return { id: id!, key, role: input.role }
}

/**
 * The first admin key, which `quantloop up` minted before there was a database. A key that is known already, revoked or
 * not, stays as it is.
 */
export async function admitFirstKey(db: Database, key: string): Promise<void> {
  await insertKey(db, { name: 'first-admin', role: 'admin', by: 'migrate', key })
}

/** The id of the inserted row; none when the key was there. */
function insertKey(db: Database, input: { name: string; role: Role; by: string; key: string }): Promise<string[]> {
  const { name, role, by, key } = input
  return db.transaction(async (tx) => {
    const inserted = await tx
      .insert(apiKey)
      .values({ id: randomUUID(), name, role, keySha256: hashApiKey(key) })
      .onConflictDoNothing()
      .returning({ id: apiKey.id })
    for (const { id } of inserted)
      await tx.insert(audit).values({ by, action: 'create-key', subject: `key/${id}`, commandId: randomUUID(), detail: { name, role } })
    return inserted.map(({ id }) => id)
  })
}
