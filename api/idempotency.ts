/**
 * A POST that starts something may carry an Idempotency-Key. Key, address and caller give the id of what is started, so
 * that a repeat meets itself in Temporal; the body's hash is claimed first, so that another body is refused.
 */
import { randomUUID } from 'node:crypto'
import type { Context } from 'hono'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { derivedId } from '#contracts/derived-id.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { RequestOrigin } from '#contracts/words.ts'
import type { Database } from '#db/client.ts'
import { claimIdempotencyKey } from '#db/commands/identity/claim-idempotency-key.ts'
import { sha256 } from '#domain/sha256.ts'
import type { AppEnv } from './dependencies.ts'

/** `id` is that of the run or command to be; it is random when the request brought no key. */
export type AcceptedRequest = { id: string; origin: RequestOrigin }

/** @throws QuantloopError idempotency_key_reused */
export async function acceptRequest(c: Context<AppEnv>, db: Database): Promise<AcceptedRequest> {
  const caller = c.get('caller')
  const key = c.req.header('idempotency-key')
  const bodySha256 = sha256(canonicalJson(await readJson(c)))
  const origin = { by: caller.name, bodySha256, ...(key === undefined ? {} : { idempotencyKey: key }) }
  if (key === undefined) return { id: randomUUID(), origin }
  const id = derivedId(JSON.stringify([caller.id, `${c.req.method} ${c.req.path}`, key]))
  await claimIdempotencyKey(db, { id, bodySha256 })
  return { id, origin }
}

/** The body as it came, before defaults: an absent one counts as `{}`. */
async function readJson(c: Context): Promise<unknown> {
  const text = await c.req.text()
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new QuantloopError('malformed_request', 'the body is not JSON', {}, { cause: error })
  }
}
