/**
 * The one layer that decides who may do what. It stands before every route, and denies by default: a route that is
 * neither open nor says its role is refused to everyone.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import { type ApiKey, type Role, Role as RoleSchema, roleAtLeast } from '#contracts/access.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { hashApiKey } from '#db/commands/identity/create-api-key.ts'
import { findKeyBySha256 } from '#db/queries/keys.ts'
import type { Api, AppDependencies, AppEnv } from './dependencies.ts'
import { createFailureLimit } from './failure-limit.ts'

/** DESIGN §8 opens these and no other. */
export const openRoutes: ReadonlySet<string> = new Set([
  'GET /health/live',
  'GET /health/ready',
  'GET /openapi.json',
  'GET /docs',
  'GET /docs/scalar.js',
])

/** How long a key that was found is trusted without asking again: the longest that a revoked key lives on. */
const keyCacheMs = 2_000
const keyCacheSize = 10_000

export const routeName = (method: string, path: string) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`

/** The role of each operation, as its definition says it. */
export function requiredRoles(app: Api): Map<string, Role> {
  const roles = new Map<string, Role>()
  for (const definition of app.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue
    const role = RoleSchema.safeParse((definition.route as { 'x-required-role'?: unknown })['x-required-role'])
    if (role.success) roles.set(routeName(definition.route.method, definition.route.path), role.data)
  }
  return roles
}

export function authenticate(app: Api, { db, clock }: Pick<AppDependencies, 'db' | 'clock'>): MiddlewareHandler<AppEnv> {
  const known = new Map<string, { key: ApiKey; until: number }>()
  const failures = createFailureLimit(clock)
  let roles: Map<string, Role> | undefined

  const keyOf = async (secret: string, from: string): Promise<ApiKey | undefined> => {
    const sha256 = hashApiKey(secret)
    const now = clock().getTime()
    const cached = known.get(sha256)
    if (cached && cached.until > now) return cached.key
    // a key that has worked is looked up again even when others behind the same address send wrong ones
    if (!cached) failures.assertAllowed(from)
    known.delete(sha256)
    const key = await findKeyBySha256(db, sha256)
    if (!key || key.revokedAt !== null) {
      failures.count(from)
      return undefined
    }
    if (known.size >= keyCacheSize) known.clear()
    known.set(sha256, { key, until: now + keyCacheMs })
    return key
  }

  return async (c, next) => {
    const route = matchedName(c)
    if (route !== undefined && openRoutes.has(route)) return next()
    const secret = /^Bearer (ql_[\x21-\x7e]{1,200})$/i.exec(c.req.header('authorization') ?? '')?.[1]
    const client = clientOf(c)
    const caller = secret === undefined ? undefined : await keyOf(secret, client)
    if (secret === undefined || !caller)
      throw new QuantloopError('unauthenticated', 'send an API key that is not revoked: `Authorization: Bearer ql_…`')
    c.set('caller', caller)
    c.set('isStillAllowed', async () => (await keyOf(secret, client)) !== undefined)
    if (route !== undefined) {
      roles ??= requiredRoles(app)
      const needed = roles.get(route)
      if (needed === undefined) throw new QuantloopError('forbidden', `${route} declares no role, so nobody may call it`)
      if (!roleAtLeast(caller.role, needed))
        throw new QuantloopError('forbidden', `${route} needs the role ${needed}; the key ${caller.name} has ${caller.role}`, {
          needed,
          held: caller.role,
        })
    }
    return next()
  }
}

/** The route that will answer, as it was registered; undefined when there is none. */
function matchedName(c: Context): string | undefined {
  const route = matchedRoutes(c).findLast(({ method }) => method !== 'ALL')
  return route && `${route.method} ${route.path}`
}

/** The peer's address: one for all who stand behind the same balancer. */
function clientOf(c: Context<AppEnv>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming
  return incoming?.socket?.remoteAddress ?? 'unknown'
}
