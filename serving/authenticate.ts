import type { MiddlewareHandler } from 'hono'
import { QuantloopError } from '#contracts/errors.ts'
import type { Replica } from './replica.ts'

const openPaths: ReadonlySet<string> = new Set(['/v2/health/live', '/v2/health/ready'])

/** Any valid key may ask for predictions. Checked from memory, so that it goes on while PostgreSQL is away. */
export const authenticate =
  (replica: Replica): MiddlewareHandler =>
  async (c, next) => {
    if (!openPaths.has(c.req.path)) {
      const secret = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
      if (secret === undefined) throw unauthenticated('send a key as `Authorization: Bearer ql_…` (`quantloop keys create` makes one)')
      if (replica.keys.find(secret) === undefined) {
        // it may have been made since the last look; who guesses keys waits as long
        await replica.look()
        if (replica.keys.find(secret) === undefined) throw unauthenticated('this key is unknown or was revoked')
      }
    }
    await next()
  }

const unauthenticated = (message: string) => new QuantloopError('unauthenticated', message)
