import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '#stack/ports.ts'
import { cliWorld, type CliWorld, quantloop, type Ran } from './world.ts'

let world: CliWorld
beforeAll(async () => {
  world = await cliWorld()
})
afterAll(() => world?.close())

const header = 'symbol,date,open,high,low,close,volume'
const calm = [header, 'ACME,2007-01-03,100,101,99,100,1000', 'ACME,2007-01-04,100,102,99,101,1000'].join('\n')
const halved = [header, 'ACME,2007-01-03,100,101,99,100,1000', 'ACME,2007-01-04,48,49,47,48,1000', 'ACME,2007-01-05,48,40,47,48,1000'].join(
  '\n',
)
const train = ['train', 'lightgbm', '--dataset', 'us-daily', '--features', 'technical', '--label', 'Log(Ref($high,-1)/Ref($low,-1)+0.001)']
const ranges = ['--train', '2003-01-02:2006-03-01', '--early-stopping', '2006-03-03:2006-12-29', '--test', '2007-01-03:2008-05-30']

describe('with --json', () => {
  test.each([
    ['data', 'list'],
    ['data', 'show', 'us-daily'],
    ['data', 'snapshots'],
    ['data', 'syncs', 'us-daily'],
    ['data', 'quarantine', 'us-daily'],
    ['features', 'list'],
    ['features', 'show', 'technical'],
    ['features', 'builds'],
    ['runs', 'list'],
    ['models', 'list'],
    ['models', 'show', 'range-lightgbm'],
    ['models', 'show', 'range-lightgbm@1'],
    ['endpoints', 'list'],
    ['deployments', 'list'],
    ['keys', 'list'],
    ['audit', '--limit', '2'],
  ])('%s %s answers one document and nothing else', async (...args) => {
    const { code, out, err, json } = await world.run(...args, '--json')
    expect([code, err]).toEqual([0, ''])
    expect(json()).toBeTypeOf('object')
    expect(out.endsWith('}\n')).toBe(true)
  })

  test('a failure is one document too', async () => {
    const { code, err, json } = await world.run('runs', 'show', '01985b7e-0000-7000-8000-000000000000', '--json')
    expect([code, err]).toEqual([1, ''])
    expect(json()).toMatchObject({ error: { code: 'not_found', message: expect.stringContaining('there is no training run') } })
  })
})

describe('exit code 2', () => {
  test.each([
    [['nonsense']],
    [['data', 'import', 'acme']],
    [['data', 'import', 'acme', 'bars.csv']],
    [['data', 'import', 'acme', 'bars.csv', '--format', 'xls']],
    [['data', 'sync', 'acme', '--through', '2008-05-30']],
    [['data', 'sync', 'acme', '--connector', 'sample', '--through', 'yesterday']],
    [['data', 'sync', 'acme', '--connector', 'sample', '--symbols', '../x']],
    [['data', 'sync', 'acme', '--connector', 'sample', '--from', '2008-05-30']],
    [['data', 'sync', 'acme', '--connector', 'yahoo', '--symbols', 'AAPL']],
    [['data', 'sync', 'acme', '--connector', 'yahoo', '--symbols', 'AAPL', '--from', '2020-01-02', '--feed', 'sip']],
    [['data', 'sync', 'acme', '--connector', 'alpaca', '--from', '2020-01-02']],
    [['data', 'import', 'acme', 'cn_data', '--format', 'qlib', '--calendar', 'XSHG']],
    [['data', 'import', 'acme', 'bars.csv', '--format', 'csv', '--calendar', 'XMOON']],
    [['data', 'replay', 'acme', '--sessions', 'some']],
    [[...train, '--train', '2006-01-01']],
    [[...train, '--train', '2006-01-01:2003-01-01']],
    [['train', 'crystal-ball']],
    [['deploy', 'range-lightgbm', '--endpoint', 'range']],
    [['deploy', 'range-lightgbm@1']],
    [['deploy', 'range-lightgbm@1', '--endpoint', 'range', '--strategy', 'wish']],
    [['predict', 'range']],
    [['keys', 'create', 'someone']],
    [['keys', 'create', 'Some One', '--role', 'viewer']],
    [['runs', 'list', '--limit', 'all']],
    [['runs', 'list', '--state', 'happy']],
  ])('says what is wrong with `%s` on standard error', async (args) => {
    const { code, out, err } = await world.run(...args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/error: .+/)
  })
})

describe('exit code 1', () => {
  test('a wrong key', async () => {
    const { code, err } = await quantloop(world.as('ql_wrong'), 'data', 'list')
    expect([code, err]).toEqual([1, expect.stringContaining('unauthenticated')])
  })

  test('too small a role, and which is needed', async () => {
    const { code, err } = await quantloop(world.as(world.keys.viewer), 'keys', 'list')
    expect([code, err]).toEqual([1, expect.stringMatching(/needs the role admin; the key viewer has viewer/)])
  })

  test('no API, and how to look for it', async () => {
    const nowhere = { ...world.as(world.keys.admin), QUANTLOOP_API_URL: `http://127.0.0.1:${await freePort()}` }
    const { code, err } = await quantloop(nowhere, 'data', 'list')
    expect([code, err]).toEqual([1, expect.stringMatching(/nothing answers at .+quantloop status/)])
  })

  test('no serving process', async () => {
    const nowhere = { ...world.as(world.keys.admin), QUANTLOOP_SERVING_URL: `http://127.0.0.1:${await freePort()}` }
    expect(await quantloop(nowhere, 'predict', 'range', 'AAPL')).toMatchObject({ code: 1, err: expect.stringContaining('unavailable') })
  })

  test('a file that is not there, that is empty, and a folder that holds none', async () => {
    const empty = await world.file('empty.csv', '')
    expect((await world.run('data', 'import', 'acme', '/nowhere/bars.csv', '--format', 'csv')).err).toContain('source_unavailable')
    expect(await world.run('data', 'import', 'acme', empty, '--format', 'csv')).toMatchObject({
      code: 1,
      err: expect.stringContaining('source_empty'),
    })
    const bare = await mkdtemp(join(world.folder, 'bare-'))
    expect((await world.run('data', 'import', 'acme', bare, '--format', 'csv')).err).toContain('holds no files')
  })
})

describe('data import', () => {
  test('a folder of files, packed on the way', async () => {
    const folder = join(world.folder, 'bars')
    await mkdir(folder)
    for (const symbol of ['AAA', 'BBB']) await writeFile(join(folder, `${symbol}.csv`), `${header}\n${symbol},2007-01-03,10,11,9,10,100\n`)
    const { code, err, json } = await world.run('data', 'import', 'folder', folder, '--format', 'csv', '--json')
    expect(code, err).toBe(0)
    expect(err).toMatch(/upload .* 100 %/)
    expect(json()).toMatchObject({ state: 'landed', rows: 2, symbols: 2, connector: { kind: 'csv', filename: 'bars.tar', packed: 'tar' } })
  })
})

describe('data replay', () => {
  const releasedOf = (ran: Ran) => (ran.json().released as { session: string }[]).map(({ session }) => session)

  test('releases one session, so many, or all up to one, and says that it is a replay', async () => {
    const sync = await world.run('data', 'sync', 'replayed', '--connector', 'sample', '--through', '2008-05-28')
    expect(sync.code, sync.err).toBe(0)
    const one = await world.run('data', 'replay', 'replayed', '--json')
    expect(one.code, one.err).toBe(0)
    expect(one.json()).toMatchObject({ dataset: 'replayed', replayOf: 'sample', released: [{ session: '2008-05-29', rows: 4 }] })
    expect(one.err).toBe('replay of 2008-05-29: 4 rows\n')
    expect(releasedOf(await world.run('data', 'replay', 'replayed', '--sessions', '2', '--json'))).toEqual(['2008-05-30', '2008-06-02'])
    expect(releasedOf(await world.run('data', 'replay', 'replayed', '--through', '2008-06-03', '--json'))).toEqual(['2008-06-03'])
    const none = await world.run('data', 'replay', 'replayed', '--through', '2008-06-03')
    expect(none).toMatchObject({ code: 0, out: 'nothing left to replay for replayed\n' })
    expect((await world.run('data', 'show', 'replayed')).out).toContain('replay of sample')
  })

  test('fails where there is nothing to go on from, and says what to do', async () => {
    expect(await world.run('data', 'replay', 'nowhere')).toMatchObject({ code: 1, err: expect.stringContaining('--connector sample') })
  })
})

describe('data import', () => {
  test('uploads a file and waits until its snapshot landed', async () => {
    const { code, json, err } = await world.run('data', 'import', 'calm', await world.file('calm.csv', calm), '--format', 'csv', '--json')
    expect(code, err).toBe(0)
    expect(json()).toMatchObject({
      dataset: 'calm',
      state: 'landed',
      rows: 2,
      symbols: 1,
      quarantined: 0,
      snapshotId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect((await world.run('data', 'list')).out).toMatch(/calm +csv +2007-01-04/)
  })

  test('packs a Qlib folder and uploads it', async () => {
    const folder = fileURLToPath(new URL('../activities/datasets/fixtures/qlib-folder', import.meta.url))
    const { code, json, err } = await world.run('data', 'import', 'cn', folder, '--format', 'qlib', '--json')
    expect(code, err).toBe(0)
    expect(json()).toMatchObject({ state: 'landed', symbols: 4, quarantined: 0, connector: { kind: 'qlib', filename: 'qlib-folder.tar' } })
  })

  test('takes a calendar and actions beside a file', async () => {
    const actions = await world.file('actions.csv', 'symbol,exDate,kind,ratio\nACME,2007-01-04,split,2')
    const bars = await world.file('split.csv', halved)
    const run = await world.run('data', 'import', 'split', bars, '--format', 'csv', '--actions', actions, '--calendar', 'XNYS', '--json')
    expect(run.code, run.err).toBe(0)
    expect(run.json()).toMatchObject({ state: 'landed', jumps: [], connector: { calendar: 'XNYS' } })
  })

  test('says what is held and what was refused; approve lets it land', async () => {
    const held = await world.run('data', 'import', 'halved', await world.file('halved.csv', halved), '--format', 'csv')
    expect(held.code, held.err).toBe(0)
    expect(held.out).toMatch(/ACME 2007-01-04: -52\.0 %, not explained/)
    expect(held.out).toContain('quantloop data approve halved')
    const rows = await world.run('data', 'quarantine', 'halved')
    expect(rows.out).toMatch(/halved\.csv +4 /)
    expect((await world.run('data', 'approve', 'halved', '--reason', 'a real fall')).code).toBe(0)
    await expect
      .poll(async () => (await world.run('data', 'syncs', 'halved', '--json')).json().items[0].state, { timeout: 20_000 })
      .toBe('landed')
    expect((await world.run('audit', '--json')).json().items).toContainEqual(
      expect.objectContaining({ by: 'admin', action: 'approve', detail: expect.objectContaining({ reason: 'a real fall' }) }),
    )
    const late = await world.run('data', 'reject', 'halved')
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining('run_closed') })
  })

  test('that is rejected fails', async () => {
    const importing = world.run(
      'data',
      'import',
      'refused',
      await world.file('refused.csv', halved),
      '--format',
      'csv',
      '--no-wait',
      '--json',
    )
    const { id } = (await importing).json()
    await expect
      .poll(async () => (await world.run('data', 'syncs', 'refused', '--json')).json().items[0]?.state, { timeout: 20_000 })
      .toBe('held')
    expect((await world.run('data', 'reject', 'refused')).code).toBe(0)
    await expect
      .poll(async () => (await world.run('data', 'syncs', 'refused', '--json')).json().items[0].state, { timeout: 20_000 })
      .toBe('rejected')
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('train', () => {
  test('fills the recipe with the defaults of the scenario, and starts one run', async () => {
    const { code, json, err } = await world.run(...train, ...ranges, '--seed', '7', '--json')
    expect(code, err).toBe(0)
    const run = json()
    expect(run).toMatchObject({ modelName: 'lightgbm-us-daily', recipe: { seed: 7, params: { num_leaves: 7 }, featureSet: 'technical' } })
    expect((await world.run('runs', 'show', run.id)).out).toContain(run.id)
    const stopped = await world.run('runs', 'stop', run.id, '--json')
    expect(stopped.code, stopped.out).toBe(0)
    await expect.poll(async () => (await world.run('runs', 'show', run.id, '--json')).json().state, { timeout: 20_000 }).toBe('stopped')
    expect((await world.run('runs', 'list', '--state', 'stopped')).out).toContain(run.id)
  })

  test('takes a file, and options before it', async () => {
    const config = await world.file(
      'recipe.yaml',
      `
name: range
dataset: us-daily
features: technical
label: { expression: 'Ref($close,-1)/$close-1' }
segments:
  train: { from: '2003-01-02', to: '2006-03-01' }
  earlyStopping: { from: '2006-03-03', to: '2006-12-29' }
  test: { from: '2007-01-03', to: '2008-05-30' }
params: { num_leaves: 15 }
`,
    )
    const { code, json, err } = await world.run('train', 'lightgbm', '--config', config, '--rounds', '20', '--json')
    expect(code, err).toBe(0)
    expect(json()).toMatchObject({ modelName: 'range', recipe: { maxRounds: 20, params: { num_leaves: 15, learning_rate: 0.05 } } })
    expect((await world.run('runs', 'stop', json().id)).code).toBe(0)
  })

  test('names what is missing', async () => {
    const { code, err } = await world.run(...train)
    expect([code, err]).toEqual([1, expect.stringContaining('segments.train')])
  })

  test('shows the place in a label that cannot be read', async () => {
    const { code, err } = await world.run(
      'train',
      'lightgbm',
      '--dataset',
      'us-daily',
      '--features',
      'technical',
      '--label',
      'Log($high',
      ...ranges,
    )
    expect([code, err]).toEqual([1, expect.stringMatching(/\^[\s\S]*expression_invalid/)])
  })
})

describe('keys', () => {
  test('create shows a key that works until it is revoked', async () => {
    const { json } = await world.run('keys', 'create', 'ci', '--role', 'viewer', '--json')
    const { id, key, role } = json()
    expect(role).toBe('viewer')
    expect((await quantloop(world.as(key), 'data', 'list')).code).toBe(0)
    expect((await world.run('keys', 'revoke', id)).out).toMatch(/^ci revoked at /)
    expect((await world.run('keys', 'list')).out).toMatch(new RegExp(`${id} +ci +viewer +\\S+ \\S+ +\\d{4}-`))
  })
})
