import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { shareCode } from '#activities/datasets/akshare/share-code.ts'
import { openSnapshot } from '#activities/snapshots.ts'
import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { listFetchedPages } from '#db/queries/fetched-pages.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { findSync } from '#db/queries/syncs.ts'
import { xshg } from '#domain/calendar/calendars.ts'
import { datasetWorld, type DatasetTestWorld } from '../world.ts'
import { type Asked, VendorServer } from './vendor-server.ts'

// the real package, asking a server on loopback that answers in the shape that it reads of its source

const config: ConnectorConfig = { kind: 'akshare', symbols: ['600000.SH', 'SZ000001'], from: '2024-04-29', through: '2024-05-10' }
const sessions = xshg.sessionsBetween('2024-04-29', '2024-05-10')
const noted = ['2024-04-30', 0.5] as const
/** six digits of shares that the vendor has no longer */
const forgotten = new Set<string>()
let lots = 1_200

/** date, open, close, high, low, lots, turnover and four more; adjusted ones count a dividend of 0.5 on 2024-05-06. */
function answer({ url }: Asked): { status: number; body: unknown } {
  const [, code] = url.searchParams.get('secid')!.split('.') as [string, string]
  const adjusted = url.searchParams.get('fqt') === '2'
  const klines = sessions.map((session, i) => {
    const factor = adjusted && session > noted[0] ? 10.1 / (10.1 - noted[1]) : 1
    const close = (10 + i / 10) * factor
    return [session, close, close, close + 0.1, close - 0.1, lots + i, 1e6, 1, 1, 0.1, 0.5].join()
  })
  const [from, to] = [url.searchParams.get('beg'), url.searchParams.get('end')]
  const found = code === '688999' || forgotten.has(code) || from !== '20240429' || to !== '20240510' ? null : { code, klines }
  return { status: 200, body: { rc: 0, data: found } }
}

let server: VendorServer
let world: DatasetTestWorld
beforeAll(async () => {
  server = await VendorServer.start(answer)
  const python = fileURLToPath(new URL('../../../../.quantloop/akshare/bin/python', import.meta.url))
  const access = { ...vendorAccess({}, '/nowhere'), akshare: { python, endpoint: server.endpoint } }
  world = await datasetWorld({ vendors: createVendors(access, { requestsPerMinute: 100_000, firstWaitMs: 1, retries: 2, failures: 100 }) })
})
afterEach(() => {
  server.asked.length = 0
  server.faults = []
  forgotten.clear()
  lots = 1_200
})
afterAll(async () => {
  await world.drop()
  await server.stop()
})

// each process imports the whole package first
describe('AKShare', { timeout: 240_000 }, () => {
  it('gives raw bars in shares, with its adjusted close beside them, through a fault', async () => {
    server.faults = [{ kind: 'half' }]
    const result = await world.sync(config, { dataset: 'akshare' })
    expect(result).toMatchObject({ state: 'landed', rows: 2 * sessions.length, symbols: 2, quarantined: 0, held: 0 })
    const reader = await openSnapshot(world.objects, (await findSnapshot(world.db, result.snapshotId!, 'akshare'))!.manifest)
    const bars = await reader.bars('600000.SH')
    expect(bars.sessions).toEqual(sessions)
    expect([bars.close[1], bars.volume[1]]).toEqual([10.1, 120_100])
    expect(reader.manifest.actions).toMatchObject([
      { symbol: '600000.SH', exDate: '2024-05-06', kind: 'dividend', cash: 0.5, basis: 'derived' },
      { symbol: 'SZ000001', exDate: '2024-05-06', kind: 'dividend', cash: 0.5, basis: 'derived' },
    ])
    expect(reader.manifest.beside?.calendar).toEqual({ kind: 'exchange', name: 'XSHG', basis: 'named' })
    expect((await listFetchedPages(world.db, result.syncId)).map(({ page }) => page)).toEqual(['bars of shares 1 to 2'])
    expect(server.asked.map(({ url }) => [url.searchParams.get('secid'), url.searchParams.get('fqt')])).toEqual([
      ['1.600000', '0'],
      ['1.600000', '0'],
      ['1.600000', '2'],
      ['0.000001', '0'],
      ['0.000001', '2'],
    ])
  })

  it('that forgets a share leaves it as it was, by name, and a share that it never had is an error still', async () => {
    const dataset = 'akshare-forgets'
    const readerOf = async (id: string | null | undefined) =>
      await openSnapshot(world.objects, (await findSnapshot(world.db, id!, dataset))!.manifest)
    const earlier = await world.sync(config, { dataset })
    const before = await readerOf(earlier.snapshotId)
    forgotten.add('000001')
    lots = 1_300
    const later = await world.sync(config, { dataset })
    expect(later).toMatchObject({ state: 'landed', rows: 2 * sessions.length, symbols: 2, quarantined: 0 })
    const after = await readerOf(later.snapshotId)
    expect(await after.bars('SZ000001')).toEqual(await before.bars('SZ000001'))
    expect(after.actions('SZ000001')).toEqual(before.actions('SZ000001'))
    expect((await after.bars('600000.SH')).volume[1]).toBe(130_100)
    expect(after.manifest.actions.some(({ symbol }) => symbol === 'SZ000001')).toBe(true)
    expect(await findSync(world.db, later.syncId)).toMatchObject({ withdrawn: ['SZ000001'] })
    expect(await findSync(world.db, earlier.syncId)).toMatchObject({ withdrawn: [] })

    const unknown = world.sync({ ...config, symbols: [...config.symbols, '688999'] }, { dataset })
    await expect(unknown).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('688999') })
  })

  it('that has no bars of a share says which', async () =>
    await expect(world.sync({ ...config, symbols: ['688999'] }, { dataset: 'akshare-gone' })).rejects.toMatchObject({
      code: 'not_found',
      message: 'AKShare has no bars of 688999 from 2024-04-29 to 2024-05-10: leave it out, or ask for other dates',
    }))

  it('that is not installed says how to', async () => {
    const without = await datasetWorld()
    await expect(without.sync(config, { dataset: 'akshare-absent' })).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining('node setup.mjs --akshare'),
    })
    await without.drop()
  })
})

describe('the six digits of a share', () => {
  it.each([
    ['600000', '600000'],
    ['600000.SH', '600000'],
    ['600000.SS', '600000'],
    ['SH688001', '688001'],
    ['SZ000001', '000001'],
    ['300750.XSHE', '300750'],
    ['BJ430047', '430047'],
  ])('of %s are %s', (symbol, code) => expect(shareCode(symbol)).toBe(code))

  it.each(['AAPL', '000001.SH', 'SZ600000', '900901', '60000', '600000.HK'])('%s has none', (symbol) =>
    expect(() => shareCode(symbol)).toThrow(`${symbol} is no A-share`),
  )
})
