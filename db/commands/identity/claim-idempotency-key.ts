import { eq } from 'drizzle-orm'
import { QuantloopError } from '#contracts/errors.ts'
import type { Executor } from '../../client.ts'
import { idempotencyKey } from '../../schema.ts'

/**
 * The first request under a key claims it for its body; a repeat with the same body passes. Raced requests meet at the
 * primary key.
 * @throws QuantloopError idempotency_key_reused
 */
export async function claimIdempotencyKey(db: Executor, claim: { id: string; bodySha256: string }): Promise<void> {
  await db.insert(idempotencyKey).values(claim).onConflictDoNothing()
  const [first] = await db.select().from(idempotencyKey).where(eq(idempotencyKey.id, claim.id))
  if (first?.bodySha256 !== claim.bodySha256)
    throw new QuantloopError(
      'idempotency_key_reused',
      'this Idempotency-Key came before with another body: send a new key for a new request',
      {
        header: 'Idempotency-Key',
      },
    )
}
