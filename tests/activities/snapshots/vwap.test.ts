import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSnapshot, qlibFiles } from '#activities/snapshots.ts'
import { encodeBars } from '#activities/snapshots/encode-bars.ts'
import { lacksOf, writeExport } from '#activities/snapshots/write-export.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { listQuarantinedRows } from '#db/queries/syncs.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { adjustBars, priceFactors } from '#domain/market/factors.ts'
import { symbolContentSha256 } from '#domain/market/snapshot-identity.ts'
import { walkBars } from '#tests/support/bars.ts'
import { verifySnapshot } from '#tests/support/verify-snapshot.ts'
import { landSnapshot } from '#tests/support/snapshot.ts'
import { type DatasetTestWorld, datasetWorld } from '../datasets/world.ts'

let world: DatasetTestWorld
let folder: string
beforeAll(async () => {
  world = await datasetWorld()
  folder = await mkdtemp(join(tmpdir(), 'quantloop-vwap-test-'))
})
afterAll(async () => {
  await world?.drop()
  await rm(folder, { recursive: true })
})

const withVwap = (bars: BarColumns, from = 0): BarColumns => ({
  ...bars,
  vwap: bars.close.map((close, row) => (row < from ? Number.NaN : (close + bars.low[row]!) / 2)),
})

function csvOf(all: readonly BarColumns[], columns = ['open', 'high', 'low', 'close', 'volume', 'vwap'] as const): string {
  const lines = all.flatMap((bars) =>
    bars.sessions.map((session, row) =>
      [
        bars.symbol,
        session,
        ...columns.map((column) => bars[column]?.[row] ?? '').map((value) => (Number.isNaN(value) ? '' : value)),
      ].join(),
    ),
  )
  return [`symbol,date,${columns.join()}`, ...lines, ''].join('\n')
}

async function imported(text: string, dataset: string) {
  const result = await world.sync(await world.csv(text), { dataset, verdict: 'approve' })
  const { manifest } = (await findSnapshot(world.db, result.snapshotId!, dataset))!
  return { result, manifest, reader: await openSnapshot(world.objects, manifest) }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const fileOf = async (bars: readonly BarColumns[]) => sha256(encodeBars(bars))

const plain = [walkBars('AAA', 40, 1), walkBars('BBB', 30, 2)]

describe('a snapshot without vwap', () => {
  it('has the id, the months and the bytes that it had before there was any', async () => {
    const { id, manifest } = await landSnapshot(world, 'plain', plain)
    expect(id).toBe('83e6993cb7c466f7eb83e86b1b858334acee5e0cd6ed9141237bb301f1b0eccf')
    const { chunks } = (await openSnapshot(world.objects, manifest)).manifest
    expect(chunks.map(({ months }) => months)).toEqual(['04Mn1T-IY2Zc7ip9jAl7Y2lrngv6dKZpLmZn9cQLbfdj'])
    expect(chunks[0]).not.toHaveProperty('vwap')
    // a column without any value is no column
    const empty = { ...plain[0]!, vwap: new Float64Array(40).fill(Number.NaN) }
    expect(symbolContentSha256(empty, [])).toBe(symbolContentSha256(plain[0]!, []))
    expect(await fileOf([empty, plain[1]!])).toBe(await fileOf(plain))
    expect(await fileOf([withVwap(plain[0]!), plain[1]!])).not.toBe(await fileOf(plain))
  })
})

describe('a vwap column of a file', () => {
  it('is read, stored only where it is, verified, and told by the snapshot', async () => {
    // a year without it, and months with it
    const given = [withVwap(walkBars('AAA', 320, 4), 290), walkBars('BBB', 320, 5)]
    const { reader, manifest } = await imported(csvOf(given), 'given')
    expect((await reader.bars('AAA')).vwap).toEqual(given[0]!.vwap)
    expect((await reader.bars('BBB')).vwap).toBeUndefined()
    const marked = reader.manifest.chunks.map(({ lastSession, vwap }) => [lastSession >= given[0]!.sessions[290]!, vwap === true])
    expect(marked.every(([due, is]) => due === is)).toBe(true)
    expect(marked.some(([due]) => !due)).toBe(true)
    expect((await verifySnapshot(world.objects, manifest)).damage).toEqual([])
    const without = await imported(csvOf(given, ['open', 'high', 'low', 'close', 'volume'] as never), 'without')
    expect(without.reader.manifest.id).not.toBe(reader.manifest.id)

    const label = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' } as const
    const names = async (dataset: string, set: string) => {
      const { features, absent } = await resolveSet(world.db, set, label, { dataset })
      return [features.length, absent?.length ?? 0]
    }
    expect([await names('given', 'alpha158'), await names('given', 'alpha360')]).toEqual([
      [158, 0],
      [360, 0],
    ])
    expect([await names('without', 'alpha158'), await names('without', 'alpha360')]).toEqual([
      [157, 1],
      [300, 60],
    ])
    const ofVwap = { ...label, expression: 'Ref($vwap,-1)/$vwap-1' }
    await expect(resolveSet(world.db, 'technical', ofVwap, { dataset: 'given' })).resolves.toMatchObject({ name: 'technical' })
    await expect(resolveSet(world.db, 'technical', ofVwap, { dataset: 'without' })).rejects.toMatchObject({
      code: 'feature_column_absent',
    })
  })

  it('goes out and comes in again as the identical snapshot, as csv and as Parquet', async () => {
    const { reader, result } = await imported(csvOf([withVwap(walkBars('AAA', 60, 6), 20), walkBars('BBB', 50, 7)]), 'out')
    for (const format of ['csv', 'parquet'] as const) {
      const path = join(folder, `bars.${format}`)
      await writeExport(world.objects, reader, { format, prices: 'raw' }, path, new AbortController().signal)
      expect(lacksOf(reader, { format, prices: 'raw' })).toEqual([])
      const upload = await world.upload(await readFile(path))
      const again = await world.sync(
        { kind: format, upload, filename: `bars.${format}` },
        { dataset: `again-${format}`, verdict: 'approve' },
      )
      expect([format, again.snapshotId, again.quarantined]).toEqual([format, result.snapshotId, 0])
    }
    const paths: string[] = []
    for await (const { path } of qlibFiles(world.objects, reader)) paths.push(path)
    expect(paths.filter((path) => path.includes('vwap'))).toEqual(['features/aaa/vwap.day.bin'])
  })

  it('refuses what is no price, and takes one outside low to high, as of trades that the range leaves out', async () => {
    const text = csvOf([{ ...walkBars('AAA', 5, 8), vwap: Float64Array.of(1e6, 0, 5, 5, 5) }]).split('\n')
    text[3] = text[3]!.replace(/,5$/, ',nan')
    text[4] = text[4]!.replace(/,5$/, ',5 USD')
    const { result, reader } = await imported(text.join('\n'), 'refused')
    const rows = await listQuarantinedRows(world.db, result.syncId, { limit: 10 })
    expect(rows.items.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'vwap 0 is not above zero'],
      [4, "vwap 'nan' is not finite"],
      [5, "vwap '5 USD' is not a number written like 1234.56"],
    ])
    expect((await reader.bars('AAA')).vwap).toEqual(Float64Array.of(1e6, 5))
  })

  it('is adjusted as prices are', () => {
    const bars = withVwap(walkBars('AAA', 6, 9))
    const split = { symbol: 'AAA', exDate: bars.sessions[3]!, kind: 'split', ratio: 4, knownAt: bars.knownAt[3]!, basis: 'given' } as const
    const factors = priceFactors(bars, [split])
    expect(adjustBars(bars, [split]).vwap).toEqual(bars.vwap!.map((value, row) => value * factors[row]!))
    expect(factors[5]).toBe(4)
  })
})
