import { canonicalJsonBytes } from '#contracts/canonical-json.ts'
import type { RequestOrigin } from '#contracts/words.ts'
import { sha256Of } from '../trace/evidence.ts'

/** Who decides when nobody does: the audit names the policy of the endpoint. */
export const policyOf = (endpoint: string) => `policy:${endpoint}`

/** What a policy starts is asked for by the policy; `asked` tells one request from another. */
export const originOf = (endpoint: string, asked: unknown): RequestOrigin => ({
  by: policyOf(endpoint),
  bodySha256: sha256Of(canonicalJsonBytes(asked)),
})
