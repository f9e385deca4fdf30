/** Snapshots as versions, the whole way: command line, API, a real worker, PostgreSQL and the store. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { walkBars } from '#tests/support/bars.ts'
import { csvOf, rowsOf, traded } from '#tests/support/csv.ts'
import { reachesOut, readPage } from '#tests/reports/read-page.ts'
import { keepUndoneInspection } from '#db/commands/keep-inspection.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { cliWorld } from './world.ts'

let world: Awaited<ReturnType<typeof cliWorld>>
let first: string
let second: string
const walk = walkBars('ACME', 40, 1)

async function importBars(rows: number, revised: readonly number[] = []): Promise<string> {
  const file = await world.file(`walk-${rows}-${revised.length}.csv`, csvOf([rowsOf(traded(walk, revised), (row) => row < rows)]))
  const { code, err, json } = await world.run('data', 'import', 'walk', file, '--format', 'csv', '--json')
  expect(code, err).toBe(0)
  return json().snapshotId
}

beforeAll(async () => {
  world = await cliWorld()
  first = await importBars(30)
  second = await importBars(40, [3])
})
afterAll(() => world?.close())

const ok = async (...args: string[]) => {
  const ran = await world.run(...args)
  expect(ran.code, ran.err).toBe(0)
  return ran
}

describe('a snapshot', () => {
  test('is tagged, noted and named, and its tag removed', async () => {
    expect((await ok('data', 'tag', 'walk', 'audited', 'head~1', '--json')).json()).toMatchObject({ name: 'audited', snapshotId: first })
    expect((await ok('data', 'note', 'walk', 'audited', 'as delivered')).out).toContain('as delivered')
    for (const name of ['audited', first.slice(0, 8), 'head~1'])
      expect((await ok('data', 'snapshot', 'walk', name, '--json')).json()).toMatchObject({
        id: first,
        tags: ['audited'],
        note: 'as delivered',
      })
    expect((await ok('data', 'tags', 'walk')).out).toMatch(/audited +[0-9a-f]{12} +admin/)
    expect(
      (await ok('data', 'history', 'walk', '--json')).json().items.map(({ snapshotId }: { snapshotId: string }) => snapshotId),
    ).toEqual([second, first])
    expect((await ok('data', 'untag', 'walk', 'audited')).out).toBe(`audited was on ${first}\n`)
    expect(await world.run('data', 'snapshot', 'walk', 'audited')).toMatchObject({
      code: 1,
      err: expect.stringContaining('snapshot_not_found'),
    })
    expect((await world.run('data', 'tag', 'walk', 'Head!')).code).toBe(2)
    expect((await world.run('data', 'tag', 'walk', 'head')).code).toBe(2)
  })

  test('tells where it came from and what was made of it', async () => {
    const { out } = await ok('data', 'lineage', 'walk', first)
    expect(out).toMatch(/csv, sync [0-9a-f-]{36} by admin/)
    const build = { dataset: 'walk', features: 'technical', label: { expression: 'Ref($close,-1)/$close-1' }, snapshotId: 'head~1' }
    const asked = await world.ask('POST /api/v1/feature-builds', { body: build })
    expect(asked.json(), asked.text).toMatchObject({ snapshotId: first })
    await expect
      .poll(async () => (await world.run('data', 'lineage', 'walk', first, '--json')).json().builds, { timeout: 20_000 })
      .toMatchObject([{ featureSet: 'technical', id: asked.json().id }])
  })

  test('is compared, as table, JSON and picture', async () => {
    const file = join(world.folder, 'compared.html')
    const { json } = await ok('data', 'compare', 'walk', first, 'head', '--html', file, '--json')
    expect(json()).toMatchObject({
      bars: { added: 10, removed: 0, revised: 1 },
      sessions: { added: walk.sessions.slice(30), removed: [] },
      changes: expect.arrayContaining([
        {
          symbol: 'ACME',
          session: walk.sessions[3],
          kind: 'revised',
          values: { volume: { before: walk.volume[3], after: walk.volume[3]! + 1 } },
        },
      ]),
    })
    const page = readPage(await readFile(file, 'utf8'))
    expect(page.faults).toEqual([])
    expect(reachesOut(page)).toEqual([])
    expect(page.text).toContain(first)
    expect((await ok('data', 'compare', 'walk', first)).out).toMatch(/10 added, 0 removed, 1 revised/)
  })

  test('is exported, and imported again is the same', async () => {
    const out = join(world.folder, 'walk.csv')
    const { json } = await ok('data', 'export', 'walk', first, '--out', out, '--json')
    expect(json()).toMatchObject({ file: out, rows: 30, symbols: 1, lacks: [], snapshotId: first })
    const again = await ok('data', 'import', 'walk-again', out, '--format', 'csv', '--json')
    expect(again.json()).toMatchObject({ state: 'landed', snapshotId: first })
    const parquet = await ok(
      'data',
      'export',
      'walk',
      '--out',
      join(world.folder, 'walk.parquet'),
      '--adjusted',
      '--from',
      '2007-02-01',
      '--json',
    )
    expect(parquet.json().lacks).toEqual(['sessions', 'raw prices'])
    expect((await readFile(join(world.folder, 'walk.parquet'))).subarray(0, 4).toString()).toBe('PAR1')
  })

  test('is verified, and what is damaged named', async () => {
    expect((await ok('data', 'verify', 'walk', '--json')).json()).toMatchObject({ sound: true, secondCopy: false })
    const { manifest } = (await ok('data', 'snapshot', 'walk', first, '--json')).json()
    const bytes = await world.objects.get(manifest)
    await world.objects.remove(manifest.uri)
    const ran = await world.run('data', 'verify', 'walk', first)
    expect(ran.code).toBe(1)
    expect(ran.out).toContain(`✘ manifest ${manifest.uri}: it is not in the store`)
    await world.objects.put(bytes, 'gz')
  })

  test('keeps what was looked into, as lists and in its lineage', async () => {
    const [compared] = (await ok('data', 'comparisons', 'walk', '--json')).json().items
    expect(compared).toMatchObject({
      dataset: 'walk',
      snapshotIds: [first, second],
      result: { bars: { added: 10, removed: 0, revised: 1 }, object: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    })
    expect((await ok('data', 'comparisons')).out).toContain(`${compared.id}  done   walk`)
    const exported = (await ok('data', 'exports', 'walk', '--json')).json().items
    expect(exported.map(({ result }: { result: { asked: unknown } }) => result.asked)).toEqual([
      { format: 'parquet', prices: 'adjusted', from: '2007-02-01' },
      { format: 'csv', prices: 'raw' },
    ])
    expect((await ok('data', 'exports')).out).toMatch(/csv, raw +30/)
    const verified = (await ok('data', 'verifications', '--json')).json().items
    expect(verified.map(({ result }: { result: { sound: boolean } }) => result.sound)).toEqual([false, true])
    expect((await ok('data', 'verifications', 'nothing', '--json')).json()).toEqual({ items: [], nextCursor: null })
    expect((await ok('data', 'lineage', 'walk', first)).out).toMatch(/looked into\n +[0-9a-f-]{36} +verification by admin/)
  })

  test('keeps what failed and what was stopped, and why', async () => {
    const failure = { code: 'object_missing', message: 'the object store does not have it' }
    const undone = {
      kind: 'export' as const,
      dataset: 'walk',
      snapshotIds: [first],
      requestedBy: 'ada',
      startedAt: '2026-01-01T00:00:00.000Z',
    }
    await keepUndoneInspection(world.db, { ...undone, id: randomUUID(), state: 'failed', failure })
    await keepUndoneInspection(world.db, { ...undone, id: randomUUID(), state: 'stopped', failure: null })
    const ended = (await ok('data', 'exports', '--limit', '2', '--json')).json().items
    expect(ended).toMatchObject([
      { state: 'stopped', failure: null, result: null },
      { state: 'failed', failure, result: null },
    ])
    expect((await ok('data', 'exports')).out).toMatch(/failed +walk .* object_missing: the object store does not have it/)
    const answer = await world.app.request(`/api/v1/exports/${ended[1].id}`, { headers: { authorization: `Bearer ${world.keys.viewer}` } })
    expect(await answer.json()).toMatchObject({ state: 'failed', failure: failure.message, result: null })
    expect((await ok('data', 'lineage', 'walk', first)).out).toMatch(/export by ada at .*, stopped/)
  })
})

describe('who is in a snapshot', () => {
  const universes = [{ name: 'large', spans: [{ symbol: 'AAA', from: '2007-01-01', to: '2007-01-31' }] }]
  const delisted = {
    symbol: 'BBB',
    exDate: '2030-01-02',
    kind: 'delisting',
    return: -1,
    knownAt: '2030-01-02T00:00:00Z',
    basis: 'given',
  } as const
  let id: string
  beforeAll(
    async () =>
      void ({ id } = await landSnapshot(
        world,
        'index',
        ['AAA', 'BBB'].map((symbol, i) => walkBars(symbol, 40, i)),
        [delisted],
        universes,
      )),
  )

  test('its symbols, by status', async () => {
    const asked = ['data', 'symbols', 'index', '--snapshot', id]
    expect((await ok(...asked, '--status', 'delisted', '--json')).json().items).toMatchObject([{ symbol: 'BBB', delistingReturn: -1 }])
    expect((await ok(...asked)).out).toMatch(/AAA +listed .*\n.*BBB +delisted +2030-01-02/)
    expect((await world.run(...asked, '--status', 'gone')).code).toBe(2)
  })

  test('its universes, and the members of one on a session', async () => {
    const asked = ['data', 'universes', 'index', '--snapshot', id]
    expect((await ok(...asked, '--json')).json().items).toMatchObject([{ name: 'large', symbols: 1 }])
    const on = (session: string) => world.run('data', 'universes', 'index', 'large', '--snapshot', id, '--session', session, '--json')
    expect((await on('2007-01-31')).json()).toMatchObject({ members: ['AAA'], session: '2007-01-31' })
    expect((await on('2007-02-01')).json()).toMatchObject({ members: [] })
    expect((await ok('data', 'universes', 'index', 'large', '--snapshot', id, '--session', '2007-01-31')).out).toMatch(
      /AAA +2007-01-01 +2007-01-31/,
    )
    expect((await world.run(...asked, '--session', '2007-01-31')).code).toBe(2)
    expect((await world.run('data', 'universes', 'index', 'none', '--snapshot', id)).code).toBe(1)
  })
})

describe('a dataset', () => {
  test('is rolled back once, by an approver, and a repeat is answered as the first', async () => {
    const before = await importBars(35)
    const ask = (key: string, role: 'operator' | 'approver') =>
      world.ask('POST /api/v1/datasets/walk/rollback', {
        key: world.keys[role],
        body: { to: 'head~1', reason: 'the vendor was wrong' },
        headers: { 'idempotency-key': key },
      })
    const key = randomUUID()
    expect((await ask(key, 'operator')).status).toBe(403)
    for (let time = 0; time < 2; time++) {
      const answer = await ask(key, 'approver')
      expect([answer.status, answer.json()], answer.text).toEqual([
        200,
        { dataset: 'walk', from: before, to: second, lastSession: walk.sessions[39] },
      ])
    }
    expect((await ok('data', 'history', 'walk', '--json')).json().items).toHaveLength(4)
    const stale = await world.ask('POST /api/v1/datasets/walk/rollback', { body: { to: first, from: before } })
    expect(stale.json()).toMatchObject({ code: 'conflict' })
    const back = await ok('data', 'rollback', 'walk', 'head~1')
    expect(back.out).toContain(before)
    expect(back.err).toContain('pause its schedule')
    expect(await world.run('data', 'rollback', 'walk', 'head')).toMatchObject({
      code: 1,
      err: expect.stringContaining('nothing_to_roll_back'),
    })
  })
})

describe('garbage', () => {
  test('is told by a dry run, and nothing young is removed', async () => {
    await world.objects.put(Buffer.from('garbage'), 'txt')
    const dry = (await ok('data', 'gc', '--json')).json()
    expect(dry).toMatchObject({ state: 'done', dryRun: true, removed: null, found: { objects: 0 } })
    expect(dry.scanned.objects).toBeGreaterThan(0)
    const real = await ok('data', 'gc', '--delete', '--grace-hours', '1', '--keep-days', '0')
    expect(real.out).toMatch(/removed +0 objects/)
    expect((await ok('collections', 'list')).out).toMatch(/done +yes/)
    expect((await ok('collections', 'garbage', dry.id)).out).toContain('nothing yet')
    expect((await world.run('data', 'gc', '--delete', '--dry-run')).code).toBe(2)
    expect(await world.run('collections', 'pause', dry.id)).toMatchObject({ code: 1, err: expect.stringContaining('run_closed') })
  })
})
