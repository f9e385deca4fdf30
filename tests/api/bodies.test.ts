import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { routeName } from '#api/auth.ts'
import { Problem } from '#contracts/problems.ts'
import { apiWorld, type ApiWorld, trainBody } from './world.ts'

let world: ApiWorld
beforeAll(async () => {
  world = await apiWorld()
})
afterAll(() => world?.close())

const id = '01985b7e-0000-7000-8000-000000000000'

/** One good body for each operation that takes one; the test below fails when an operation is missing here. */
const goodBodies: Record<string, unknown> = {
  'POST /api/v1/datasets/:name/sync': { connector: { kind: 'sample', symbols: ['AAPL'] } },
  'POST /api/v1/feature-builds': { dataset: 'us-daily', features: 'technical', label: trainBody.label },
  'POST /api/v1/training-runs': trainBody,
  'POST /api/v1/deployments': { endpoint: 'range', model: { name: 'range-lightgbm', version: 1 }, plan: { strategy: 'immediate' } },
  'PUT /api/v1/endpoints/:name/supervision': { policy: { decay: { allowance: 0.5 }, rollout: { gates: { minAnswers: 10 } } } },
  'POST /api/v1/schedules': { name: 'daily', dataset: 'us-daily', cadence: { kind: 'cron', expression: '30 18 * * 1-5' } },
  'POST /api/v1/schedules/:name/backfill': { from: '2008-06-02T00:00:00Z', to: '2008-06-06T00:00:00Z' },
  'POST /api/v1/keys': { name: 'someone', role: 'viewer' },
  'POST /api/v1/uploads/multipart': { bytes: 20_000_000 },
  'POST /api/v1/uploads/:id/urls': { uploadId: 'begun', numbers: [1] },
  'POST /api/v1/uploads/:id/complete': { uploadId: 'begun', bytes: 1, parts: [{ number: 1, md5: 'a'.repeat(32) }] },
  'POST /api/v1/datasets/:name/standing-builds': { features: 'technical', label: trainBody.label },
  'POST /api/v1/feature-sets': { name: 'mine', features: [{ name: 'a', expression: '$close' }] },
  'POST /api/v1/feature-exports': { dataset: 'us-daily', features: 'technical' },
  'POST /api/v1/feature-joins': { dataset: 'us-daily', features: 'technical', points: [{ symbol: 'AAPL', time: '2008-06-02T21:00:00Z' }] },
  'POST /api/v1/feature-checks': { dataset: 'us-daily', features: 'technical' },
  'POST /api/v1/datasets/:name/rollback': { to: 'head~1' },
  'PUT /api/v1/datasets/:name/tags/:tag': { snapshot: 'head' },
  'PUT /api/v1/datasets/:name/snapshots/:snapshot/note': { note: 'as the vendor had it' },
  'POST /api/v1/comparisons': { dataset: 'us-daily', before: 'head~1', after: 'head' },
  'POST /api/v1/exports': { dataset: 'us-daily', format: 'csv' },
  'POST /api/v1/verifications': { dataset: 'us-daily' },
  'POST /api/v1/collections': { dryRun: true },
}
const verbs = /\/(pause|resume|stop|approve|reject|promote|rollback|retrain|trigger|acknowledge)$/

const withBody = () =>
  world.app.openAPIRegistry.definitions.flatMap((definition) =>
    definition.type === 'route' && definition.route.request?.body ? [routeName(definition.route.method, definition.route.path)] : [],
  )

const addressOf = (route: string) =>
  route
    .replace(':id', route.includes('feature-builds') ? 'a'.repeat(64) : id)
    .replace(':name', 'us-daily')
    .replace(':tag', 'good')
    .replace(':snapshot', 'head')

/** Every object within a body, as a path to it. */
function objectsIn(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return [path, ...Object.entries(value).flatMap(([name, member]) => objectsIn(member, [...path, name]))]
}

function withUnknown(body: unknown, path: string[]): unknown {
  const copy = structuredClone(body) as Record<string, any>
  path.reduce((part, name) => part[name], copy).surprise = 1
  return copy
}

describe('an unknown field', () => {
  test('is refused in every object of every body, and named', async () => {
    const routes = withBody()
    expect(routes.length).toBeGreaterThan(15)
    for (const route of routes) {
      const good = goodBodies[route] ?? (verbs.test(route) ? { reason: 'a try' } : undefined)
      expect(good, `a good body for ${route}`).toBeDefined()
      for (const path of objectsIn(good)) {
        const answer = await world.ask(addressOf(route), { body: withUnknown(good, path) })
        expect(answer.status, `${route} ${path.join('.')}`).toBe(422)
        const problem = Problem.parse(answer.json())
        expect(problem.code).toBe('invalid_request')
        expect(problem.issues).toContainEqual({ path: ['body', ...path, 'surprise'].join('.'), message: 'unknown field' })
      }
    }
  })

  test('is refused in a query', async () => {
    const answer = await world.ask('GET /api/v1/datasets?surprise=1')
    expect(answer.status).toBe(422)
    expect(answer.json().issues).toEqual([{ path: 'query.surprise', message: 'unknown field' }])
  })
})

describe('a body', () => {
  const post = (raw: string, contentType: string | undefined, line = 'POST /api/v1/training-runs') =>
    world.ask(line, { raw, ...(contentType === undefined ? {} : { headers: { 'content-type': contentType } }) })

  test.each(['{', '', 'null,', '\0'])('that is not JSON is 400: %j', async (text) => {
    const answer = await post(text, 'application/json')
    expect([answer.status, answer.json().code]).toEqual([400, 'malformed_request'])
  })

  test.each(['null', '[]', '"text"', '1e999', '{"__proto__":{}}'])('that is JSON but no request is 422: %s', async (text) => {
    const answer = await post(text, 'application/json')
    expect([answer.status, answer.json().code]).toEqual([422, 'invalid_request'])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', undefined])('of another type is 415: %s', async (type) => {
    const answer = await post(JSON.stringify(trainBody), type)
    expect([answer.status, answer.json().code]).toEqual([415, 'unsupported_media_type'])
    const verb = await post('{}', type, `POST /api/v1/training-runs/${id}/pause`)
    expect([verb.status, verb.json().code]).toEqual([415, 'unsupported_media_type'])
  })

  test('that is too large is 413, whether its length is told or it comes in chunks', async () => {
    const large = JSON.stringify({ ...trainBody, padding: 'x'.repeat(256 * 1024) })
    const told = await world.ask('POST /api/v1/training-runs', {
      raw: large,
      headers: { 'content-type': 'application/json', 'content-length': String(large.length) },
    })
    expect([told.status, told.json().code]).toEqual([413, 'body_too_large'])
    let pulled = 0
    const chunks = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(64 * 1024).fill(32))
      },
    })
    const chunked = await world.ask('POST /api/v1/training-runs', { raw: chunks, headers: { 'content-type': 'application/json' } })
    expect([chunked.status, chunked.json().code]).toEqual([413, 'body_too_large'])
    expect(pulled).toBeLessThan(10)
  })

  test('with characters that PostgreSQL cannot hold is 422', async () => {
    for (const reason of ['a\0b', 'a\ud800b', 'two\nlines']) {
      const answer = await world.ask(`POST /api/v1/training-runs/${id}/pause`, { body: { reason } })
      expect([answer.status, answer.json().issues[0].path], JSON.stringify(reason)).toEqual([422, 'body.reason'])
    }
  })
})

describe('an address', () => {
  test.each([
    ['GET /api/v1/datasets/us%2Fdaily', 422],
    ['GET /api/v1/datasets/..%2F..%2Fetc', 422],
    ['GET /api/v1/datasets/%00', 422],
    ['GET /api/v1/datasets/us%00daily', 422],
    ['GET /api/v1/datasets/%E0%A4%A', 422],
    ['GET /api/v1//datasets', 404],
    ['GET //api/v1/datasets', 404],
    ['GET /api/v1/datasets/', 404],
    ['GET /api/v1/datasets//syncs', 404],
    ['GET /api/v1/nothing', 404],
    ['GET /docs/../api/v1/nothing', 404],
    ['GET /docs%2Fscalar.js', 404],
    ['GET /api/v1/audit?subject=a%00b', 422],
    ['GET /api/v1/datasets?limit=0', 422],
    ['GET /api/v1/datasets?limit=1e1', 200],
    ['GET /api/v1/datasets?limit=abc', 422],
    ['GET /api/v1/datasets?after=nonsense', 422],
    [`GET /api/v1/training-runs?after=${Buffer.from('["not a time","not an id"]').toString('base64url')}`, 422],
    ['GET /api/v1/training-runs/not-an-id', 422],
    [`GET /api/v1/training-runs/${id}`, 404],
    ['GET /api/v1/models/range/versions/0', 422],
    ['GET /api/v1/models/range/versions/99999999999', 422],
  ])('%s answers %i', async (line, status) => {
    const answer = await world.ask(line)
    expect(answer.status, answer.text).toBe(status)
    if (status >= 400) expect(answer.headers.get('content-type')).toBe('application/problem+json')
  })

  test('with another method is 405 and says which it takes', async () => {
    for (const [line, allow] of [
      ['PUT /api/v1/datasets', 'GET'],
      ['PATCH /api/v1/keys', 'GET, POST'],
      ['GET /api/v1/keys/' + id, 'DELETE'],
      ['POST /health/live', 'GET'],
    ] as const) {
      const answer = await world.ask(line)
      expect([answer.status, answer.headers.get('allow'), answer.json().code], line).toEqual([405, allow, 'method_not_allowed'])
    }
  })

  test('that is unknown is told to nobody without a key', async () => {
    expect((await world.ask('GET /api/v1/nothing', { key: undefined })).status).toBe(401)
    expect((await world.ask('PUT /api/v1/datasets', { key: undefined })).status).toBe(401)
  })
})
