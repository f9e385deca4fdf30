import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { and, eq } from 'drizzle-orm'
import { Client } from 'minio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { audit } from '#db/schema.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSnapshot, listSnapshots } from '#db/queries/snapshots.ts'
import { findSync, listQuarantinedRows } from '#db/queries/syncs.ts'
import { adjustBars } from '#domain/market/factors.ts'
import { testServices } from '#tests/support/services.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { datasetWorld, sampleText, type DatasetTestWorld } from './world.ts'

let world: DatasetTestWorld
let samplePath: string

beforeAll(async () => {
  world = await datasetWorld()
  samplePath = execFileSync(testServices().python, [
    '-c',
    `from importlib.resources import files; print(files('bokeh_sampledata') / '_data' / 'stocks.csv.gz')`,
  ])
    .toString()
    .trim()
})
afterAll(() => world.drop())

const landed = async (connector: ConnectorConfig, dataset: string, verdict?: 'approve' | 'reject') => {
  const result = await world.sync(connector, { dataset, ...(verdict === undefined ? {} : { verdict }) })
  const snapshot = await findSnapshot(world.db, result.snapshotId ?? '', dataset)
  return { result, snapshot: snapshot! }
}

describe('the sample', () => {
  it('lands four symbols up to 2008-05-30 with the actions that the adjusted close shows', async () => {
    const { result, snapshot } = await landed({ kind: 'sample' }, 'us-daily')
    expect(result).toMatchObject({ state: 'landed', rows: 7174, symbols: 4, quarantined: 0, held: 0 })
    expect(snapshot).toMatchObject({
      firstSession: '2000-03-01',
      lastSession: '2008-05-30',
      rows: 7174,
      symbols: 4,
      knownAtBasis: 'assumed',
    })
    expect(await findDataset(world.db, 'us-daily')).toMatchObject({
      headSnapshotId: result.snapshotId,
      lastSession: '2008-05-30',
      connector: { kind: 'sample' },
    })

    const reader = await openSnapshot(world.objects, snapshot.manifest)
    const splits = reader.manifest.actions.filter(({ kind }) => kind === 'split')
    expect(splits.map(({ symbol, exDate, ratio }) => [symbol, exDate, ratio])).toEqual([
      ['AAPL', '2000-06-21', 2],
      ['AAPL', '2005-02-28', 2],
      ['MSFT', '2003-02-18', 2],
    ])
    const special = reader.actions('MSFT').filter(({ kind, cash }) => kind === 'dividend' && cash! > 1)
    expect(special).toMatchObject([{ exDate: '2004-11-15', basis: 'derived' }])
    expect(special[0]!.cash).toBeCloseTo(3.03, 2)
    // IBM paid every quarter: 33 times from 2000-05 to 2008-05
    expect(reader.actions('IBM').filter(({ kind }) => kind === 'dividend')).toHaveLength(33)
    expect(reader.actions('GOOG')).toEqual([])
  })

  it('clears the fall of AAPL on 2000-09-29 by the adjusted close, and says so', async () => {
    const { result } = await landed({ kind: 'sample' }, 'us-jumps')
    expect(result.jumps).toEqual([
      {
        symbol: 'AAPL',
        session: '2000-09-29',
        previousClose: 53.5,
        close: 25.75,
        change: expect.closeTo(-0.5187, 4),
        clearedBy: 'adjusted-close',
      },
    ])
    expect((await findSync(world.db, result.syncId))!.jumps).toEqual(result.jumps)
  })

  it('gives the vendor’s adjusted returns back from raw bars and factors', async () => {
    const { snapshot } = await landed({ kind: 'sample' }, 'us-factors')
    const reader = await openSnapshot(world.objects, snapshot.manifest)
    for (const { symbol } of reader.manifest.symbols) {
      const bars = await reader.bars(symbol)
      const { close } = adjustBars(bars, reader.manifest.actions)
      const last = close.length - 1
      for (let row = 0; row < last; row++) {
        const vendors = bars.adjustedClose![last]! / bars.adjustedClose![row]!
        expect(Math.abs(close[last]! / close[row]! / vendors - 1)).toBeLessThan(2e-5)
      }
    }
  })

  it('reads back the very numbers of the source, as of what was assumed', async () => {
    const { snapshot } = await landed({ kind: 'sample' }, 'us-numbers')
    const bars = await (await openSnapshot(world.objects, snapshot.manifest)).bars('AAPL')
    expect(bars.sessions.slice(0, 2)).toEqual(['2000-03-01', '2000-03-02'])
    expect([bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0], bars.adjustedClose![0]]).toEqual([
      118.56, 132.06, 118.5, 130.31, 9616100, 4.186662803811,
    ])
    expect(bars.knownAt[0]).toBe('2000-03-02T00:00:00.000Z')
    expect(bars.sessions).toHaveLength(2074)
  })

  it('is unchanged when synced again, with the same id and no second landing', async () => {
    const first = await landed({ kind: 'sample' }, 'us-again')
    const again = await landed({ kind: 'sample' }, 'us-again')
    expect(again.result).toMatchObject({ state: 'unchanged', snapshotId: first.result.snapshotId })
    expect((await listSnapshots(world.db, { limit: 10, dataset: 'us-again' })).items).toHaveLength(1)
    const landings = await world.db
      .select()
      .from(audit)
      .where(and(eq(audit.subject, 'dataset/us-again'), eq(audit.action, 'land-snapshot')))
    expect(landings).toHaveLength(1)
  })

  it('releases later sessions on request, and then stores little again', async () => {
    const first = await landed({ kind: 'sample' }, 'us-replay')
    const next = await landed({ kind: 'sample', through: '2008-06-02' }, 'us-replay')
    expect(next.result).toMatchObject({ state: 'landed', rows: first.result.rows + 4 })
    expect(await findDataset(world.db, 'us-replay')).toMatchObject({ headSnapshotId: next.result.snapshotId, lastSession: '2008-06-02' })
    const [before, after] = await Promise.all(
      [first, next].map(async ({ snapshot }) => (await openSnapshot(world.objects, snapshot.manifest)).manifest),
    )
    const known = new Set(before!.chunks.map(({ object }) => object.sha256))
    const added = after!.chunks.filter(({ object }) => !known.has(object.sha256))
    expect(added).toMatchObject([{ rows: 4, firstSession: '2008-06-02', lastSession: '2008-06-02' }])
  })

  it('holds a symbol that was listed later when asked for it, and refuses one that it does not have', async () => {
    const { result, snapshot } = await landed({ kind: 'sample', symbols: ['FB', 'IBM'], through: '2013-03-01' }, 'us-fb')
    expect(result).toMatchObject({ rows: 3466, symbols: 2 })
    expect((await (await openSnapshot(world.objects, snapshot.manifest)).bars('FB')).sessions[0]).toBe('2012-05-18')
    await expect(world.sync({ kind: 'sample', symbols: ['TSLA'] }, { dataset: 'us-tsla' })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('TSLA'),
    })
  })

  it('writes anew what of the head can no longer be read', async () => {
    const { result, snapshot } = await landed({ kind: 'sample' }, 'us-healed')
    const { manifest } = await openSnapshot(world.objects, snapshot.manifest)
    const { bucket, endpoint, ...keys } = world.store.config
    const { hostname, port } = new URL(endpoint)
    const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, ...keys })
    for (const { object } of manifest.chunks) await client.removeObject(bucket, object.uri)
    await rm(world.store.cacheDir, { recursive: true })

    const again = await landed({ kind: 'sample', through: '2008-06-02' }, 'us-healed')
    expect(again.result.state).toBe('landed')
    expect(await verifySnapshot(world.objects, again.snapshot.manifest)).toMatchObject({ rows: result.rows + 4, damage: [] })
  })

  it('is verified from the store: the id comes out of the bars again', async () => {
    const { result, snapshot } = await landed({ kind: 'sample' }, 'us-verify')
    expect(await verifySnapshot(world.objects, snapshot.manifest)).toMatchObject({
      snapshotId: result.snapshotId,
      rows: 7174,
      damage: [],
    })
  })
})

describe('the same rows through csv', () => {
  it('are the same snapshot when they hold the adjusted close, whatever the line ends and mark', async () => {
    const sample = await landed({ kind: 'sample' }, 'us-sample')
    const text = await sampleText(samplePath, { adjusted: true })
    const csv = await landed(await world.csv(`\ufeff${text.replaceAll('\n', '\r\n')}\r\n`), 'us-csv')
    expect(csv.result).toMatchObject({ state: 'landed', snapshotId: sample.result.snapshotId, held: 0 })
  })

  it('are held without it until a person approves, and approved moves stay approved', async () => {
    const text = await sampleText(samplePath, { adjusted: false })
    const rejected = await world.sync(await world.csv(text), { dataset: 'us-bare', verdict: 'reject' })
    expect(rejected).toMatchObject({ state: 'rejected', held: 4 })
    expect(rejected.jumps.map(({ symbol, session, clearedBy }) => [symbol, session, clearedBy])).toEqual([
      ['AAPL', '2000-06-21', undefined],
      ['AAPL', '2000-09-29', undefined],
      ['AAPL', '2005-02-28', undefined],
      ['MSFT', '2003-02-18', undefined],
    ])
    expect(await findDataset(world.db, 'us-bare')).toMatchObject({ headSnapshotId: null, lastSession: null })

    const { result, snapshot } = await landed(await world.csv(text), 'us-bare', 'approve')
    expect(result).toMatchObject({ state: 'landed', held: 4 })
    expect(result.jumps.every(({ clearedBy }) => clearedBy === 'approval')).toBe(true)
    const { manifest } = await openSnapshot(world.objects, snapshot.manifest)
    expect(manifest.actions).toEqual([])
    expect(manifest.clearedJumps).toEqual(result.jumps)

    expect(await world.sync(await world.csv(text), { dataset: 'us-bare' })).toMatchObject({ state: 'unchanged', held: 0 })
  })

  it('leave the head as it was when a later file is rejected', async () => {
    const first = await landed({ kind: 'sample' }, 'us-kept')
    const text = await sampleText(samplePath, { adjusted: false })
    expect(await world.sync(await world.csv(text), { dataset: 'us-kept', verdict: 'reject' })).toMatchObject({ state: 'rejected' })
    expect(await findDataset(world.db, 'us-kept')).toMatchObject({ headSnapshotId: first.result.snapshotId, connector: { kind: 'sample' } })
  })

  it('quarantine nothing', async () => {
    const { result } = await landed(await world.csv(await sampleText(samplePath, { adjusted: true })), 'us-clean')
    expect((await listQuarantinedRows(world.db, result.syncId, { limit: 10 })).items).toEqual([])
  })
})
