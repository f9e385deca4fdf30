import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { findSync, listQuarantinedRows } from '#db/queries/syncs.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { datasetWorld, type DatasetTestWorld } from './world.ts'

const replay = (changes: { symbols?: string[]; through?: string } = {}) => ({ kind: 'replay', source: 'sample', ...changes }) as const

async function manifestOf(world: DatasetTestWorld, dataset: string) {
  const { headSnapshotId } = (await findDataset(world.db, dataset))!
  const { manifest: ref } = (await findSnapshot(world.db, headSnapshotId!, dataset))!
  return { ref, manifest: (await openSnapshot(world.objects, ref)).manifest }
}

describe('a replay of the sample', () => {
  let world: DatasetTestWorld
  beforeAll(async () => void (world = await datasetWorld()))
  afterAll(() => world.drop())

  it('releases session by session what an import through the last of them gives at once, chunks included', async () => {
    await world.sync({ kind: 'sample', through: '2004-08-17' }, { dataset: 'steps' })
    // across the end of a month, a dividend of IBM and the first session of GOOG, which a symbol of its own gets no import for
    const sessions = xnys.sessionsBetween('2004-08-18', '2004-09-02')
    const ids: (string | undefined)[] = []
    for (const session of sessions) {
      const released = await world.sync(replay({ symbols: ['AAPL', 'GOOG', 'IBM', 'MSFT'] }), { dataset: 'steps' })
      expect(released).toMatchObject({ state: 'landed', rows: session < '2004-08-19' ? 3 : 4, quarantined: 0, held: 0 })
      expect(await findDataset(world.db, 'steps')).toMatchObject({ lastSession: session, headSnapshotId: released.snapshotId })
      ids.push(released.snapshotId)
    }
    for (const [index, session] of sessions.entries()) {
      if (index % 4 !== 0 && index !== sessions.length - 1) continue
      const dataset = `at-once-${index}`
      const whole = await world.sync({ kind: 'sample', through: session }, { dataset })
      expect(whole.snapshotId).toBe(ids[index])
    }
    const [stepwise, atOnce] = [await manifestOf(world, 'steps'), await manifestOf(world, `at-once-${sessions.length - 1}`)]
    expect(stepwise.ref).toEqual(atOnce.ref)
    expect(await verifySnapshot(world.objects, stepwise.ref)).toMatchObject({ snapshotId: ids.at(-1), damage: [] })
  })

  it('ends unchanged at the session that it was to go through, and at the end of its source', async () => {
    const first = await world.sync({ kind: 'sample' }, { dataset: 'end' })
    const next = await world.sync(replay({ through: '2008-06-02' }), { dataset: 'end' })
    expect(next).toMatchObject({ state: 'landed', rows: 4 })
    expect(next.snapshotId).not.toBe(first.snapshotId)
    const ended = await world.sync(replay({ through: '2008-06-02' }), { dataset: 'end' })
    expect(ended).toMatchObject({ state: 'unchanged', snapshotId: next.snapshotId, rows: 0 })
    expect(await findSync(world.db, ended.syncId)).toMatchObject({ connector: { kind: 'replay', source: 'sample' } })

    await world.sync({ kind: 'sample', through: '2013-02-28' }, { dataset: 'all' })
    expect(await world.sync(replay({ through: '2013-12-31' }), { dataset: 'all' })).toMatchObject({ state: 'landed' })
    expect(await findDataset(world.db, 'all')).toMatchObject({ lastSession: '2013-03-01' })
    expect(await world.sync(replay({ through: '2013-12-31' }), { dataset: 'all' })).toMatchObject({ state: 'unchanged' })
  })

  it('stores the chunk that grew and a manifest, and nothing else', async () => {
    await world.sync({ kind: 'sample', through: '2008-06-02' }, { dataset: 'little' })
    const put = vi.spyOn(world.objects, 'put')
    try {
      await world.sync(replay(), { dataset: 'little' })
      expect(put.mock.calls.map(([, extension]) => extension)).toEqual(['parquet', 'gz'])
    } finally {
      put.mockRestore()
    }
  })

  it('needs a head to go on from, and no session before it', async () => {
    await expect(world.sync(replay(), { dataset: 'headless' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('quantloop data sync headless --connector sample'),
    })
    await world.sync({ kind: 'sample' }, { dataset: 'ahead' })
    await expect(world.sync(replay({ through: '2008-05-29' }), { dataset: 'ahead' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('holds 2008-05-30 already'),
    })
  })

  it('goes on with the symbols of the head, and no others', async () => {
    await world.sync({ kind: 'sample', symbols: ['IBM', 'MSFT'] }, { dataset: 'two' })
    await expect(world.sync(replay({ symbols: ['AAPL', 'IBM'] }), { dataset: 'two' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('lacks MSFT and adds AAPL'),
    })
    await expect(world.sync(replay({ symbols: ['IBM', 'MSFT', 'TSLA'] }), { dataset: 'two' })).rejects.toMatchObject({ code: 'not_found' })
    expect(await world.sync(replay(), { dataset: 'two' })).toMatchObject({ state: 'landed', rows: 2, symbols: 2 })
    expect((await manifestOf(world, 'two')).manifest.symbols.map(({ symbol }) => symbol)).toEqual(['IBM', 'MSFT'])
  })
})

describe('a replay of a source with faults', () => {
  const worlds: { drop(): Promise<void> }[] = []
  const folders: string[] = []
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.drop()
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  /** The sample as an interpreter of this test's own locates it. */
  async function replaying(lines: readonly string[]): Promise<DatasetTestWorld> {
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-replay-'))
    folders.push(folder)
    await writeFile(join(folder, 'stocks.csv.gz'), gzipSync(['symbol,date,open,high,low,close,volume', ...lines].join('\n')))
    const python = join(folder, 'python')
    await writeFile(python, `#!/bin/sh\necho ${join(folder, 'stocks.csv.gz')}\n`)
    await chmod(python, 0o755)
    const world = await datasetWorld({ python })
    worlds.push(world)
    return world
  }
  const line = (session: string, close = 10, symbol = 'A') => `${symbol},${session},${close},${close},${close},${close},100`
  const began: ConnectorConfig = { kind: 'sample', symbols: ['A'], through: '2020-01-02' }

  it('tells of a session of the calendar that the source lacks', async () => {
    const world = await replaying([line('2020-01-02'), line('2020-01-06')])
    await world.sync(began, { dataset: 'gap' })
    await expect(world.sync(replay(), { dataset: 'gap' })).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringMatching(/^replay of .* has no bars of 2020-01-03, a session of XNYS, but of 2020-01-06/),
    })
    expect(await findDataset(world.db, 'gap')).toMatchObject({ lastSession: '2020-01-02' })
    expect(await world.sync(replay({ through: '2020-01-02' }), { dataset: 'gap' })).toMatchObject({ state: 'unchanged' })
  })

  it('tells of a session that the calendar has not', async () => {
    const world = await replaying([line('2020-01-02'), line('2020-01-03'), line('2020-01-04'), line('2020-01-06')])
    await world.sync(began, { dataset: 'saturday' })
    expect(await world.sync(replay(), { dataset: 'saturday' })).toMatchObject({ state: 'landed' })
    await expect(world.sync(replay(), { dataset: 'saturday' })).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringContaining('has bars of 2020-01-04, on which XNYS had no session'),
    })
    expect(await world.sync(replay({ through: '2020-01-03' }), { dataset: 'saturday' })).toMatchObject({ state: 'unchanged' })
  })

  it('quarantines what cannot be trusted in the session, under the name of the replay', async () => {
    const bad = ['B,2020-01-03,10,9,10,10,100', line('2020-01-03', 11, 'C'), line('2020-01-03', 12, 'C')]
    const first = ['A', 'B', 'C'].map((symbol) => line('2020-01-02', 10, symbol))
    const world = await replaying([first[0]!, line('2020-01-03'), line('2020-01-06'), first[1]!, bad[0]!, first[2]!, bad[1]!, bad[2]!])
    await world.sync({ ...began, symbols: ['A', 'B', 'C'] }, { dataset: 'bad' })
    const released = await world.sync(replay(), { dataset: 'bad' })
    expect(released).toMatchObject({ state: 'landed', rows: 1, symbols: 1, quarantined: 3 })
    const { items } = await listQuarantinedRows(world.db, released.syncId, { limit: 10 })
    expect(items.map(({ line: at, symbol, file }) => [at, symbol, file])).toEqual([
      [6, 'B', 'replay of bokeh_sampledata/_data/stocks.csv.gz'],
      [8, 'C', 'replay of bokeh_sampledata/_data/stocks.csv.gz'],
      [9, 'C', 'replay of bokeh_sampledata/_data/stocks.csv.gz'],
    ])
    // a symbol that lacks the session is no gap: it may have been suspended
    expect(await world.sync(replay(), { dataset: 'bad' })).toMatchObject({ state: 'landed', rows: 1 })
    const whole = await world.sync({ ...began, symbols: ['A', 'B', 'C'], through: '2020-01-06' }, { dataset: 'bad-at-once' })
    expect((await findDataset(world.db, 'bad'))!.headSnapshotId).toBe(whole.snapshotId)
  })

  it('says so when no bar of the session can be used', async () => {
    const world = await replaying([line('2020-01-02'), line('2020-01-03', -1)])
    await world.sync(began, { dataset: 'none' })
    await expect(world.sync(replay(), { dataset: 'none' })).rejects.toMatchObject({
      code: 'source_malformed',
      message: expect.stringMatching(/no row of 2020-01-03 in replay of .* can be used, first line 3/),
    })
  })

  it('holds a move that nothing explains, and lands it as approved', async () => {
    const world = await replaying([line('2020-01-02'), line('2020-01-03', 5), line('2020-01-06', 5)])
    await world.sync(began, { dataset: 'jump' })
    expect(await world.sync(replay(), { dataset: 'jump' })).toMatchObject({ state: 'rejected', held: 1 })
    const approved = await world.sync(replay(), { dataset: 'jump', verdict: 'approve' })
    expect(approved).toMatchObject({ state: 'landed', held: 1, jumps: [{ session: '2020-01-03', clearedBy: 'approval' }] })
    expect(await world.sync(replay(), { dataset: 'jump' })).toMatchObject({ state: 'landed', held: 0, jumps: [{ clearedBy: 'approval' }] })
  })
})
