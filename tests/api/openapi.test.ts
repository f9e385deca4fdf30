import { Script } from 'node:vm'
import { Validator } from '@seriousme/openapi-schema-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openRoutes, requiredRoles, routeName } from '#api/auth.ts'
import { roleAtLeast } from '#contracts/access.ts'
import { apiWorld, type ApiWorld } from './world.ts'

let world: ApiWorld
let document: any
beforeAll(async () => {
  world = await apiWorld()
  document = (await world.ask('GET /openapi.json', { key: undefined })).json()
})
afterAll(() => world?.close())

describe('the OpenAPI document', () => {
  test('is valid 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
    expect([validator.version, document.openapi]).toEqual(['3.1', '3.1.1'])
    expect((await new Validator().validate({ ...document, paths: { wrong: { get: { responses: 7 } } } })).valid).toBe(false)
  })

  test('has every route of the API, and nothing else', () => {
    const documented = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => routeName(method, path)),
    )
    const served = world.app.routes.filter(({ method }) => method !== 'ALL').map(({ method, path }) => routeName(method, path))
    const pages = ['GET /openapi.json', 'GET /docs', 'GET /docs/scalar.js']
    expect(documented.toSorted()).toEqual([...new Set(served)].filter((route) => !pages.includes(route)).toSorted())
  })

  test('says of each operation who may call it and how it refuses', () => {
    const roles = requiredRoles(world.app)
    for (const [path, methods] of Object.entries<Record<string, any>>(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        const name = routeName(method, path)
        if (openRoutes.has(name)) {
          expect(operation.security, name).toEqual([])
          continue
        }
        expect(operation.security, name).toEqual([{ apiKey: [] }])
        expect(roleAtLeast('admin', operation['x-required-role']), name).toBe(true)
        expect(operation['x-required-role'], name).toBe(roles.get(name))
        expect(Object.keys(operation.responses), name).toEqual(expect.arrayContaining(['401', '403', '422', '503']))
        expect(operation.summary, name).toBeTruthy()
      }
  })
})

describe('the reference page', () => {
  test('loads its script from us and is allowed no other origin', async () => {
    const page = await world.ask('GET /docs', { key: undefined })
    expect(page.status).toBe(200)
    expect(page.text).toContain('src="/docs/scalar.js"')
    expect(page.text).not.toMatch(/(src|href)="https?:/)
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|\*/)
  })

  test('has a script that is whole', async () => {
    const script = await world.ask('GET /docs/scalar.js', { key: undefined })
    expect(script.headers.get('content-type')).toContain('javascript')
    expect(Buffer.byteLength(script.text)).toBe(Number(script.headers.get('content-length')))
    expect(new Script(script.text)).toBeInstanceOf(Script)
  })
})

test('metrics count by route, and only with a key', async () => {
  await world.ask('GET /api/v1/datasets/some-dataset')
  const metrics = await world.ask('GET /metrics', { key: world.keys.viewer })
  expect(metrics.text).toContain('quantloop_api_requests_total{method="GET",route="/api/v1/datasets/:name",status="404"} 1')
  expect(metrics.text).not.toContain('some-dataset')
})
