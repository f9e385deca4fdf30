/** Feature sets as data, with the real worker behind the API: registered, versioned, searched, compared, built by name. */
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { audit, featureSetVersion } from '#db/schema.ts'
import { definitionHash } from '#domain/features/definitions.ts'
import { compareText } from '#domain/market/actions.ts'
import { quietRuntime } from '#tests/support/temporal.ts'
import { runOrchestration } from './worker.ts'
import { apiWorld, type ApiWorld, furnish, trainBody } from './world.ts'

let world: ApiWorld
let endWorker: () => Promise<void>
beforeAll(async () => {
  quietRuntime()
  world = await apiWorld()
  await furnish(world)
  endWorker = await runOrchestration(world)
})
afterAll(async () => {
  await endWorker?.()
  await world?.close()
})

const register = (body: unknown) => world.ask('POST /api/v1/feature-sets', { key: world.keys.operator, body })
const get = async (path: string) => (await world.ask(`GET /api/v1${path}`, { key: world.keys.viewer })).json()
const momentum = { name: 'momentum', description: 'How far prices went', features: { m_5: '$close/Ref($close,5)-1' } }

test('changed content is the next version, the same content the same, white space aside', async () => {
  const first = await register(momentum)
  expect([first.status, first.json()]).toMatchObject([201, { name: 'momentum', version: 1, builtIn: false, registeredBy: 'operator' }])
  const spaced = { ...momentum, features: [{ name: 'm_5', expression: '$close / Ref( $close , 5 ) - 1' }] }
  expect((await register(spaced)).json()).toEqual(first.json())

  const explained = { ...momentum, features: { m_5: { expression: '$close/Ref($close,5)-1', description: 'A week' } } }
  expect((await register(explained)).json().version).toBe(2)
  const longer = { ...momentum, features: { ...momentum.features, m_20: '$close/Ref($close,20)-1' } }
  expect((await register(longer)).json().version).toBe(3)
  expect((await register(momentum)).json().version).toBe(1)

  const { items } = await get('/feature-sets/momentum/versions')
  expect(items.map(({ version, features }: any) => [version, features.length])).toEqual([
    [3, 2],
    [2, 1],
    [1, 1],
  ])
  expect((await get('/feature-sets/momentum')).version).toBe(3)
  expect(await get('/feature-sets/momentum@1')).toEqual(first.json())
  const audited = await world.db.select().from(audit).where(eq(audit.subject, 'feature-set/momentum@2'))
  expect(audited).toMatchObject([{ by: 'operator', action: 'register' }])
})

test('raced by ten, one content is one version and ten contents are ten', async () => {
  const body = (window: number) => ({ name: 'raced', features: { mean: `Mean($close,${window})/$close` } })
  const same = await Promise.all(Array.from({ length: 5 }, () => register(body(5))))
  const others = await Promise.all([6, 7, 8, 9, 10].map((window) => register(body(window))))
  expect(new Set(same.map((answer) => answer.json().version))).toEqual(new Set([1]))
  expect(others.map((answer) => answer.json().version).toSorted((a, b) => a - b)).toEqual([2, 3, 4, 5, 6])
})

test('sets of the program stand beside them, are searched with them, and cannot be taken', async () => {
  await register({
    name: 'searched',
    description: 'Of the week',
    features: { slope: { expression: 'Slope($close,5)', description: 'a Trend' } },
  })
  const names = async (query: string) => (await get(`/feature-sets?${query}`)).items.map(({ name }: any) => name)
  expect(await names('limit=200')).toEqual((await names('limit=200')).toSorted(compareText))
  expect(await names('limit=200')).toEqual(expect.arrayContaining(['alpha158', 'alpha360', 'searched', 'technical']))
  expect(await names('search=TREND')).toEqual(['searched', 'technical'])
  expect(await names('search=the+week')).toEqual(['searched'])
  expect(await names('search=slope(%24close,5)')).toEqual(['alpha158', 'searched'])
  // of the stored JSON's own words, and of patterns, nothing is found
  expect([await names('search=expression'), await names('search=%25')]).toEqual([[], []])
  const first = await get('/feature-sets?limit=1')
  const second = await get(`/feature-sets?limit=1&after=${first.nextCursor}`)
  expect([first.items[0].name, second.items[0].name]).toEqual(['alpha158', 'alpha360'])

  for (const name of ['technical', 'persistence']) {
    const taken = await register({ ...momentum, name })
    expect([taken.status, taken.json().code]).toEqual([409, 'already_exists'])
  }
})

test('compared by what they compute', async () => {
  const of = (features: Record<string, string>) => register({ name: 'compared', features })
  await of({ kept: 'Mean($close, 5)', gone: '$open', moved: '$high/$low', changed: 'Std($close,5)' })
  await of({ kept: 'Mean($close,5)', came: '$volume', hl: 'Div($high,$low)', changed: 'Std($close,10)' })
  expect(await get('/feature-set-comparisons?before=compared@1&after=compared')).toEqual({
    before: 'compared@1',
    after: 'compared@2',
    added: [{ name: 'came', expression: '$volume' }],
    removed: [{ name: 'gone', expression: '$open' }],
    changed: [{ name: 'changed', before: 'Std($close,5)', after: 'Std($close,10)' }],
    renamed: [{ before: 'moved', after: 'hl', expression: '$high/$low' }],
    same: 1,
  })
  expect((await world.ask('GET /api/v1/feature-set-comparisons?before=compared@9&after=compared')).json().code).toBe('not_found')
})

describe('what cannot be a set is refused with its place, and nothing is stored', () => {
  const nested = `${'Abs('.repeat(10_000)}$close${')'.repeat(10_000)}`
  const cases: [string, Record<string, string> | object[], object][] = [
    ['an unknown operator', { a: '$close', b: 'Meen($close,5)' }, { code: 'expression_invalid', place: { feature: 'b', position: 1 } }],
    ['an unknown column', { a: '$close/$clse' }, { code: 'feature_column_absent', place: { feature: 'a', position: 8 } }],
    ['a wrong count of arguments', { a: 'Mean($close)' }, { code: 'expression_invalid', place: { feature: 'a', position: 1 } }],
    ['a window of 0', { a: 'Mean($close,0)' }, { code: 'expression_invalid', place: { feature: 'a', position: 13 } }],
    ['a look ahead', { a: '1*Ref($close,-1)' }, { code: 'expression_invalid', place: { feature: 'a', position: 3 } }],
    ['a divisor that is zero', { a: '$close/($open-$open)' }, { code: 'expression_invalid', place: { feature: 'a', position: 14 } }],
    ['10,000 levels', { a: nested }, { code: 'expression_invalid', place: { feature: 'a', position: 405 } }],
    ['10,000 terms', { a: `$close${'+$open'.repeat(10_000)}` }, { code: 'expression_invalid', place: { feature: 'a', position: 2001 } }],
    [
      'a name twice',
      [
        { name: 'a', expression: '$close' },
        { name: 'a', expression: '$open' },
      ],
      { code: 'expression_invalid', place: { feature: 'a' } },
    ],
    ['a reserved name', { label: '$close' }, { code: 'invalid_request', issues: [{ path: 'body.features.label' }] }],
    ['no feature', {}, { code: 'invalid_request', issues: [{ path: 'body.features' }] }],
  ]
  test.each(cases)('%s', async (_, features, refusal) => {
    const { status, json } = await register({ name: 'refused', features })
    expect(status).toBe(422)
    expect(json()).toMatchObject(refusal)
    expect(await world.db.select().from(featureSetVersion).where(eq(featureSetVersion.name, 'refused'))).toEqual([])
  })
})

test('built and trained by name: the version that was the newest then is written down', async () => {
  await register({ name: 'used', features: { v: '$vwap/$close', m: 'Mean($close,5)/$close' } })
  const label = { expression: 'Ref($close,-1)/$close-1' }
  const build = async (features: string) =>
    (await world.ask('POST /api/v1/feature-builds', { body: { dataset: 'us-daily', features, label } })).json()
  const built = await build('used')
  expect(built.featureSet).toEqual({ name: 'used', version: 1, absent: [{ name: 'v', column: 'vwap' }] })
  expect(built.definitionHash).toBe(
    definitionHash({ features: [{ name: 'm', expression: 'Mean($close,5)/$close' }] }, { ...label, kind: 'time-series' }),
  )
  const run = (await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, features: 'used' } })).json()
  expect(run.recipe.featureSet).toBe('used@1')
  await register({ name: 'used', features: { m: 'Mean($close,10)/$close' } })
  expect((await build('used@1')).id).toBe(built.id)
  expect((await build('used')).featureSet.version).toBe(2)
  expect(
    (await world.ask('POST /api/v1/training-runs', { body: { ...trainBody, features: 'technical@1' } })).json().recipe.featureSet,
  ).toBe('technical')
  expect(await build('used@3')).toMatchObject({ code: 'not_found' })
  await register({ name: 'all-absent', features: { v: '$vwap' } })
  expect(await build('all-absent')).toMatchObject({ code: 'feature_column_absent' })
})
