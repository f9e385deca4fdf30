import { eq } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSnapshot } from '#activities/snapshots.ts'
import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { listFetchedPages } from '#db/queries/fetched-pages.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findSync } from '#db/queries/syncs.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { quarantinedRow, syncRun } from '#db/schema.ts'
import { datasetWorld, type DatasetTestWorld } from '../world.ts'
import { type Asked, VendorServer } from './vendor-server.ts'

// answers are built to Alpaca's documentation of /v2/stocks/bars and /v1/corporate-actions: nobody's account stands behind them

const secret = 'hush-7c1f'
const config: ConnectorConfig = { kind: 'alpaca', symbols: ['AAPL', 'BRK.B'], from: '2020-08-24', through: '2020-09-04' }
const sessions = [
  '2020-08-24',
  '2020-08-25',
  '2020-08-26',
  '2020-08-27',
  '2020-08-28',
  '2020-08-31',
  '2020-09-01',
  '2020-09-02',
  '2020-09-03',
  '2020-09-04',
]

type Bar = { t: string; o: number; h: number; l: number; c: number; v: number; n: number; vw?: number }

/** AAPL with its split of 2020-08-31, and a share without one. */
const barsOf = (symbol: string): Bar[] =>
  sessions.map((session, i) => {
    const close = symbol === 'AAPL' ? (session < '2020-08-31' ? 500 + i : 125 + i / 4) : 215 + i
    return { t: `${session}T04:00:00Z`, o: close, h: close + 1, l: close - 1, c: close, v: 1_000_000 + i, n: 12, vw: close + 1 / 8 }
  })

let history: Record<string, Bar[]>
let actions: Record<string, unknown[]>

/** Three bars a page, by symbol, as the vendor's limit cuts them. */
function answer({ url }: Asked): { status: number; body: unknown } {
  if (url.pathname === '/v1/corporate-actions') return { status: 200, body: { corporate_actions: actions, next_page_token: null } }
  const all = Object.entries(history).flatMap(([symbol, bars]) => bars.map((bar) => [symbol, bar] as const))
  const from = Number(url.searchParams.get('page_token') ?? 0)
  const bars: Record<string, Bar[]> = {}
  for (const [symbol, bar] of all.slice(from, from + 3)) bars[symbol] = [...(bars[symbol] ?? []), bar]
  return { status: 200, body: { bars, next_page_token: from + 3 < all.length ? String(from + 3) : null } }
}

let server: VendorServer
let world: DatasetTestWorld
beforeAll(async () => {
  server = await VendorServer.start(answer)
  const access = { ...vendorAccess({}, '/nowhere'), alpaca: { endpoint: server.endpoint, keyId: 'key', secretKey: secret } }
  world = await datasetWorld({ vendors: createVendors(access, { requestsPerMinute: 100_000, firstWaitMs: 1, retries: 2, failures: 100 }) })
})
beforeEach(() => {
  history = { AAPL: barsOf('AAPL'), 'BRK.B': barsOf('BRK.B') }
  actions = {
    forward_splits: [
      {
        id: '1',
        symbol: 'AAPL',
        cusip: '037833100',
        new_rate: 4,
        old_rate: 1,
        process_date: '2020-08-31',
        ex_date: '2020-08-31',
        record_date: '2020-08-24',
        payable_date: '2020-08-28',
      },
    ],
    cash_dividends: [
      {
        id: '2',
        symbol: 'AAPL',
        cusip: '037833100',
        rate: 0.82,
        special: false,
        foreign: false,
        process_date: '2020-08-26',
        ex_date: '2020-08-26',
      },
    ],
  }
})
afterEach(() => {
  server.asked.length = 0
  server.faults = []
  server.standing = undefined
})
afterAll(async () => {
  await world.drop()
  await server.stop()
})

async function synced(dataset: string, connector: ConnectorConfig = config) {
  const result = await world.sync(connector, { dataset })
  const snapshot = await findSnapshot(world.db, result.snapshotId!, dataset)
  return { result, reader: await openSnapshot(world.objects, snapshot!.manifest) }
}

describe('Alpaca', () => {
  it('is asked page by page for raw bars and actions, and its keys stay in the headers', async () => {
    const { result, reader } = await synced('alpaca')
    expect(result).toMatchObject({ state: 'landed', rows: 20, symbols: 2, quarantined: 0, held: 0 })
    const aapl = await reader.bars('AAPL')
    expect([aapl.sessions, aapl.close[4], aapl.close[5], aapl.vwap?.[5]]).toEqual([sessions, 504, 126.25, 126.375])
    expect((await findSnapshot(world.db, result.snapshotId!, 'alpaca'))!.optionalColumns).toEqual(['vwap'])
    expect(reader.manifest.actions).toMatchObject([
      { symbol: 'AAPL', exDate: '2020-08-26', kind: 'dividend', cash: 0.82, basis: 'given' },
      { symbol: 'AAPL', exDate: '2020-08-31', kind: 'split', ratio: 4, basis: 'given' },
    ])
    expect(reader.manifest.beside).toEqual({ calendar: { kind: 'exchange', name: 'XNYS', basis: 'named' } })

    const [question] = server.asked.filter(({ url }) => url.pathname === '/v2/stocks/bars')
    expect(Object.fromEntries(question!.url.searchParams)).toMatchObject({
      symbols: 'AAPL,BRK.B',
      timeframe: '1Day',
      adjustment: 'raw',
      start: '2020-08-24',
      end: '2020-09-04',
    })
    expect(question!.headers).toMatchObject({ 'apca-api-key-id': 'key', 'apca-api-secret-key': secret })
    const pages = await listFetchedPages(world.db, result.syncId)
    expect(pages).toHaveLength(8)
    const rows = [pages, await world.db.select().from(syncRun), await world.db.select().from(quarantinedRow)]
    expect(JSON.stringify(rows)).not.toContain(secret)
    for (const { object } of pages)
      expect(Buffer.from(await world.objects.get(object)).toString()).toMatch(/^\{"(?:bars|corporate_actions)":/)
  })

  it('may lack the average price of a bar, and one that is no price is refused as in a file', async () => {
    const [none, zero] = [history.AAPL![1]!, history.AAPL![2]!]
    delete none.vw
    zero.vw = 0
    const { result, reader } = await synced('averages')
    expect(result).toMatchObject({ state: 'landed', rows: 19, quarantined: 1 })
    const { sessions: kept, vwap } = await reader.bars('AAPL')
    expect([kept.includes(sessions[2]!), vwap?.[0], vwap?.[1]]).toEqual([false, 500.125, Number.NaN])
    const refused = await world.db.select().from(quarantinedRow).where(eq(quarantinedRow.syncId, result.syncId))
    expect(refused).toMatchObject([{ reason: 'vwap 0 is not above zero', raw: expect.stringContaining('"vwap":0') as string }])
  })

  it.each([
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '0' } }],
    ['500', { kind: 'status', status: 500 }],
    ['a cut connection', { kind: 'cut' }],
    ['half a page', { kind: 'half' }],
    ['a lying length', { kind: 'long' }],
  ] as const)('lands the same snapshot through %s on any page', async (name, fault) => {
    const quiet = await synced('alpaca-quiet')
    server.faults = [fault, undefined, undefined, fault, fault, undefined, undefined, fault]
    expect((await synced(`alpaca-${fault.kind}-${name.length}`)).result.snapshotId).toBe(quiet.result.snapshotId)
  })

  it('goes on at the next page when a try ended half-way, and mixes no two states of its pages', async () => {
    const input = world.inputOf(config, 'alpaca-resumed')
    const { startedAt } = await world.activities.openSync(input)
    const attempt = () =>
      world.asActivity(world.activities.importBars, {
        syncId: input.syncId,
        connector: input.connector as never,
        asOf: startedAt,
        parent: null,
      })
    server.standing = ({ url }) => (url.searchParams.get('page_token') === '9' ? { kind: 'cut' } : undefined)
    await expect(attempt()).rejects.toMatchObject({ code: 'source_unavailable' })
    const before = server.asked.filter(({ url }) => url.pathname === '/v2/stocks/bars').map(({ url }) => url.searchParams.get('page_token'))
    expect(before).toEqual([null, '3', '6', '9', '9', '9'])

    server.standing = undefined
    server.asked.length = 0
    history.AAPL![0]!.c = 500.5
    expect(await attempt()).toMatchObject({ rows: 20, quarantined: 0 })
    expect(server.asked.map(({ url }) => url.searchParams.get('page_token'))).toEqual(['9', '12', '15', '18'])
    // the first page is the one that the first try had kept; doing it all again asks for nothing
    server.asked.length = 0
    await attempt()
    expect(server.asked).toEqual([])
    expect((await listFetchedPages(world.db, input.syncId)).filter(({ page }) => page.endsWith('page 1'))).toHaveLength(2)
  })

  it('that has revised a bar makes a new snapshot, and the raw answers of both stay', async () => {
    const first = await synced('alpaca-revised')
    history['BRK.B']![3] = { ...history['BRK.B']![3]!, c: 218.25 }
    const second = await synced('alpaca-revised')
    expect(second.result).toMatchObject({ state: 'landed' })
    expect(second.result.snapshotId).not.toBe(first.result.snapshotId)
    expect([(await first.reader.bars('BRK.B')).close[3], (await second.reader.bars('BRK.B')).close[3]]).toEqual([218, 218.25])
    const [before, after] = [await listFetchedPages(world.db, first.result.syncId), await listFetchedPages(world.db, second.result.syncId)]
    expect(before.filter(({ object }, i) => object.sha256 !== after[i]!.object.sha256)).toHaveLength(1)
    expect((await synced('alpaca-revised')).result).toMatchObject({ state: 'unchanged' })
  })

  it('that no longer has a symbol: its bars are kept, and the sync names it; one that was never known fails it', async () => {
    const { result } = await synced('alpaca-gone')
    delete history['BRK.B']
    const again = await synced('alpaca-gone')
    expect(again.result).toMatchObject({ state: 'unchanged', snapshotId: result.snapshotId })
    expect(await findSync(world.db, again.result.syncId)).toMatchObject({ withdrawn: ['BRK.B'] })
    await expect(synced('alpaca-new')).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringContaining('no bars of BRK.B from 2020-08-24'),
    })
    expect(await findDataset(world.db, 'alpaca-new')).toMatchObject({ headSnapshotId: null })
  })

  it('tells renames, removals and mergers; those of a company that had a ticker before do not end the present one', async () => {
    actions = {
      name_changes: [
        { id: '3', old_symbol: 'BRK.B', new_symbol: 'BRKX', process_date: '2020-09-08' },
        { id: '4', old_symbol: 'AAPL', new_symbol: 'OLDA', process_date: '2020-08-27' },
      ],
      cash_mergers: [
        { id: '5', acquirer_symbol: 'X', acquiree_symbol: 'AAPL', rate: 130, effective_date: '2020-09-10', process_date: '2020-09-10' },
      ],
    }
    history.AAPL = history.AAPL!.slice(5)
    const { result, reader } = await synced('alpaca-ends')
    expect(result).toMatchObject({ quarantined: 0 })
    expect(reader.manifest.actions).toMatchObject([
      { symbol: 'AAPL', exDate: '2020-09-10', kind: 'delisting', cash: 130 },
      { symbol: 'BRK.B', exDate: '2020-09-08', kind: 'rename', to: 'BRKX' },
    ])
  })

  it('without a key, or with one that it does not take, says which variables to set', async () => {
    server.standing = () => ({ kind: 'status', status: 403, body: '{"message":"forbidden."}' })
    await expect(synced('alpaca-refused')).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining('does not accept the key'),
    })
    expect(server.asked).toHaveLength(1)
    const without = await datasetWorld({
      vendors: createVendors({
        ...vendorAccess({}, '/nowhere'),
        alpaca: { endpoint: server.endpoint, keyId: undefined, secretKey: undefined },
      }),
    })
    await expect(without.sync(config, { dataset: 'alpaca-keyless' })).rejects.toMatchObject({
      code: 'configuration_invalid',
      message: expect.stringContaining('APCA_API_KEY_ID'),
    })
    await without.drop()
  })
})
