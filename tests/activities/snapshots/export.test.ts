import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot, type SnapshotReader } from '#activities/snapshots/open-snapshot.ts'
import { type Cut, lacksOf, writeExport } from '#activities/snapshots/write-export.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { adjustBars, priceFactors } from '#domain/market/factors.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { walkBars } from '#tests/support/bars.ts'
import { datasetWorld, type DatasetTestWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
let folder: string
let sample: { id: string; reader: SnapshotReader }

beforeAll(async () => {
  world = await datasetWorld()
  folder = await mkdtemp(join(tmpdir(), 'quantloop-export-test-'))
  const { snapshotId } = await world.sync({ kind: 'sample' }, { dataset: 'us-daily' })
  sample = { id: snapshotId!, reader: await openSnapshot(world.objects, (await findSnapshot(world.db, snapshotId!))!.manifest) }
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await world.drop()
})

const raw = { prices: 'raw' } as const
async function written(reader: SnapshotReader, cut: Cut) {
  const path = join(folder, `${Math.random()}.${cut.format}`)
  return { path, ...(await writeExport(world.objects, reader, cut, path, new AbortController().signal)) }
}

describe('an export', () => {
  it('as csv, imported again, is the identical snapshot: bars, adjusted closes and the actions that they show', async () => {
    const { path, rows, symbols } = await written(sample.reader, { format: 'csv', ...raw })
    expect([rows, symbols]).toEqual([7174, 4])
    expect(lacksOf(sample.reader, { format: 'csv', ...raw })).toEqual([])
    const again = await world.sync(await world.csv(await readFile(path)), { dataset: 'again' })
    expect(again).toMatchObject({ state: 'landed', snapshotId: sample.id, quarantined: 0 })
  })

  it('as csv gives every number back, however small or large', async () => {
    const odd = walkBars('^ODD', 6, 1)
    odd.close.set([1 / 3, 5e-324, 1e-20, 1e280, 123_456_789.123_456_79, 1e21])
    for (const column of [odd.open, odd.high, odd.low]) column.set(odd.close)
    odd.volume.set([0, 1, 2 ** 53, 1e22, 0.1, 3])
    const { id, manifest } = await landSnapshot(world, 'odd', [odd])
    const { path } = await written(await openSnapshot(world.objects, manifest), { format: 'csv', ...raw })
    const again = await world.sync(await world.csv(await readFile(path)), { dataset: 'odd-again', verdict: 'approve' })
    expect(again).toMatchObject({ state: 'landed', snapshotId: id, quarantined: 0 })
  })

  it('as Parquet holds the same bars', async () => {
    const { path } = await written(sample.reader, { format: 'parquet', ...raw })
    const { openBars } = await parquetOf(path)
    for (const { symbol } of sample.reader.manifest.symbols) {
      const bars = await sample.reader.bars(symbol)
      expect(openBars(symbol)).toEqual(
        bars.sessions.map((session, row) => [session, bars.open[row], bars.close[row], bars.volume[row], bars.adjustedClose![row]]),
      )
    }
  })

  it('of some symbols and sessions has those, and says what it lacks', async () => {
    const cut: Cut = { format: 'csv', ...raw, symbols: ['IBM', 'AAPL'], from: '2008-05-28', to: '2008-05-29' }
    const { path, rows } = await written(sample.reader, cut)
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(rows).toBe(4)
    expect(lines.map((line) => line.split(',').slice(0, 2).join(' '))).toEqual([
      'symbol session',
      'IBM 2008-05-28',
      'IBM 2008-05-29',
      'AAPL 2008-05-28',
      'AAPL 2008-05-29',
    ])
    expect(lacksOf(sample.reader, cut)).toEqual(['symbols', 'sessions'])
    await expect(written(sample.reader, { ...cut, symbols: ['NONE'] })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('of adjusted prices counts factors from the first bar, whatever is cut off', async () => {
    const cut: Cut = { format: 'csv', prices: 'adjusted', symbols: ['AAPL'], from: '2008-05-30' }
    const { path } = await written(sample.reader, cut)
    const [, line] = (await readFile(path, 'utf8')).split('\n')
    const bars = await sample.reader.bars('AAPL')
    const actions = sample.reader.actions('AAPL')
    const last = bars.sessions.length - 1
    const adjusted = adjustBars(bars, actions)
    const [symbol, session, open, , , close, volume, , factor] = line!.split(',')
    expect([symbol, session, Number(open), Number(close), Number(volume), Number(factor)]).toEqual([
      'AAPL',
      bars.sessions[last],
      adjusted.open[last],
      adjusted.close[last],
      adjusted.volume[last],
      priceFactors(bars, actions)[last],
    ])
    // two splits two for one since 2000
    expect(Number(factor)).toBeGreaterThan(3.9)
    expect(lacksOf(sample.reader, cut)).toContain('raw prices')
    const { path: parquet } = await written(sample.reader, { ...cut, format: 'parquet' })
    expect((await parquetOf(parquet)).factors()).toEqual([Number(factor)])
  })
})

/** Read by SQL, which shares nothing with what wrote it but the engine. */
async function parquetOf(path: string) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create()).connect()
  const rows = (await (await connection.run(`select * replace (session::varchar as session) from '${path}'`)).getRowObjects()) as Record<
    string,
    string | number | null
  >[]
  connection.closeSync()
  return {
    openBars: (symbol: string) =>
      rows
        .filter((row) => row.symbol === symbol)
        .map((row) => [row.session, row.open, row.close, row.volume, row.adjustedClose ?? Number.NaN]),
    factors: () => rows.map((row) => row.factor),
  }
}
