import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApp } from '#api/app.ts'
import { openRoutes, requiredRoles, routeName } from '#api/auth.ts'
import type { Api } from '#api/dependencies.ts'
import { Role, roleAtLeast } from '#contracts/access.ts'
import { revokeApiKey } from '#db/commands/identity/revoke-api-key.ts'
import { apiKey } from '#db/schema.ts'
import { apiWorld, asker, type ApiWorld } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
})
afterAll(() => world?.close())

/** Every route that answers anybody: what the router holds, not what a list of ours says. */
const routesOf = (app: Pick<Api, 'routes'>) => [
  ...new Set(app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => routeName(method, path))),
]

const addressOf = (route: string) =>
  route
    .replace(/:id/g, '01985b7e-0000-7000-8000-000000000000')
    .replace(/:name/g, 'nothing-here')
    .replace(/:version/g, '1')

/** Routes that do not answer 401 to somebody without a key. */
async function unguarded(app: Pick<Api, 'request' | 'routes'>, key?: string): Promise<string[]> {
  const ask = asker(app, '')
  const open: string[] = []
  for (const route of routesOf(app)) if ((await ask(addressOf(route), { key })).status !== 401) open.push(route)
  return open
}

describe('every route', () => {
  test('asks for a key, but those that are open by design', async () => {
    expect(routesOf(world.app).length).toBeGreaterThan(40)
    expect((await unguarded(world.app)).toSorted()).toEqual([...openRoutes].toSorted())
  })

  test('refuses a key that is wrong', async () => {
    // time passes between two tries: who guesses fast has to wait
    let now = Date.parse('2026-01-01T00:00:00Z')
    const patient = createApp({ ...world.deps, clock: () => new Date((now += 2_000)) })
    expect((await unguarded(patient, 'ql_wrong')).toSorted()).toEqual([...openRoutes].toSorted())
  })

  test('declares its role, and refuses every smaller one', async () => {
    const roles = requiredRoles(world.app)
    const guarded = routesOf(world.app).filter((route) => !openRoutes.has(route))
    expect(guarded.filter((route) => !roles.has(route))).toEqual([])
    for (const route of guarded)
      for (const role of Role.options) {
        const { status } = await world.ask(addressOf(route), { key: world.keys[role] })
        if (roleAtLeast(role, roles.get(route)!)) expect([401, 403], `${route} as ${role}`).not.toContain(status)
        else expect(status, `${route} as ${role}`).toBe(403)
      }
  })

  test('of a verb that decides needs an approver, of keys and of removing for good an admin, of reading a viewer', () => {
    const roles = requiredRoles(world.app)
    for (const [route, role] of roles) {
      if (/\/(approve|reject|promote|rollback)$/.test(route)) expect(role, route).toBe('approver')
      else if (route.includes('/keys') || route === 'POST /api/v1/collections') expect(role, route).toBe('admin')
      else expect(role, route).toBe(route.startsWith('GET ') ? 'viewer' : 'operator')
    }
  })
})

describe('a planted route', () => {
  test('that stands before the auth layer is found', async () => {
    const leaky = new Hono().get('/api/v1/leak', (c) => c.text('secret')).route('/', world.app as unknown as Hono)
    expect(await unguarded(leaky as unknown as Api)).toContain('GET /api/v1/leak')
  })

  test('that declares no role is closed to everyone', async () => {
    const other = await apiWorld()
    try {
      other.app.get('/api/v1/undeclared', (c) => c.text('secret'))
      expect((await other.ask('GET /api/v1/undeclared')).status).toBe(403)
      expect((await other.ask('GET /api/v1/undeclared', { key: undefined })).status).toBe(401)
    } finally {
      await other.close()
    }
  })
})

describe('a key', () => {
  test('is kept as a hash only', async () => {
    const rows = await world.db.select().from(apiKey)
    for (const secret of Object.values(world.keys)) expect(JSON.stringify(rows)).not.toContain(secret)
  })

  test('that was revoked is refused once its time in the cache is over', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const other = await apiWorld({ clock: () => now })
    try {
      const { id, key } = (await other.ask('POST /api/v1/keys', { body: { name: 'passing', role: 'viewer' } })).json()
      expect((await other.ask('GET /api/v1/datasets', { key })).status).toBe(200)
      expect((await other.ask(`DELETE /api/v1/keys/${id}`)).json().revokedAt).not.toBeNull()
      now = new Date(now.getTime() + 2_000)
      expect((await other.ask('GET /api/v1/datasets', { key })).status).toBe(401)
    } finally {
      await other.close()
    }
  })

  test('works by the scheme in any case, and by no other scheme', async () => {
    const key = world.keys.viewer
    const as = (authorization: string) => world.ask('GET /api/v1/datasets', { key: undefined, headers: { authorization } })
    expect((await as(`bearer ${key}`)).status).toBe(200)
    expect((await as(`Basic ${key}`)).status).toBe(401)
    expect((await as(key)).status).toBe(401)
    expect((await as(`Bearer ${key}x`)).headers.get('www-authenticate')).toContain('Bearer')
  })

  test('guessed too often makes the guesser wait, and nobody whose key is right', async () => {
    let now = new Date('2026-01-01T00:00:00Z')
    const other = await apiWorld({ clock: () => now })
    const guess = (n: number) => other.ask('GET /api/v1/datasets', { key: `ql_guess${n}` })
    try {
      expect((await other.ask('GET /api/v1/datasets')).status).toBe(200)
      for (let n = 0; n < 60; n++) expect((await guess(n)).status).toBe(401)
      const refused = await guess(60)
      expect(refused.status).toBe(429)
      expect(refused.headers.get('retry-after')).toBe('60')
      now = new Date(now.getTime() + 30_000)
      expect((await other.ask('GET /api/v1/datasets')).status).toBe(200)
      now = new Date(now.getTime() + 30_000)
      expect((await guess(61)).status).toBe(401)
    } finally {
      await other.close()
    }
  })
})

describe('the last admin key', () => {
  test('cannot be revoked, even when two revoke each other at once', async () => {
    const other = await apiWorld()
    try {
      const second = (await other.ask('POST /api/v1/keys', { body: { name: 'second', role: 'admin' } })).json()
      const first = (await other.ask('GET /api/v1/keys?limit=200')).json().items.find((key: { name: string }) => key.name === 'admin')
      const raced = await Promise.allSettled([first.id, second.id].map((id) => revokeApiKey(other.db, { id, by: 'test' })))
      expect(raced.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      expect(raced.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'conflict' } })
    } finally {
      await other.close()
    }
  })
})
