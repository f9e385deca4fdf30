import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { examineSnapshot } from '#activities/quality/examine-snapshot.ts'
import { openSnapshot } from '#activities/snapshots.ts'
import { createVendors } from '#activities/datasets/vendors/vendors.ts'
import { vendorAccess } from '#config/vendor-access.ts'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QualityReport } from '#contracts/quality.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { findSync } from '#db/queries/syncs.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import { adjustBars } from '#domain/market/factors.ts'
import { datasetWorld, type DatasetTestWorld } from '../world.ts'
import { type Asked, VendorServer } from './vendor-server.ts'

// answers are built in the shape that yahoo-finance2 describes of Yahoo's chart: Yahoo itself documents nothing

const config: Extract<ConnectorConfig, { kind: 'yahoo' }> = {
  kind: 'yahoo',
  symbols: ['AAPL', 'BRK.B'],
  from: '2020-08-24',
  through: '2020-09-04',
}
const sessions = xnys.sessionsBetween('2020-08-24', '2020-09-04')
const at = (session: string, utc = '13:30') => Date.parse(`${session}T${utc}:00Z`) / 1000
const split = '2020-08-31'
const dividend = { session: '2020-08-26', cash: 0.8 }

/** What was traded. */
const traded = (symbol: string, session: string) => {
  const i = sessions.indexOf(session)
  return symbol === 'AAPL' ? (session < split ? 500 + i / 8 : 125 + i / 8) : 215 + i / 4
}

/** Yahoo's names of shares that it knew before. */
let forgotten: string[] = []
let spoiled: (chart: { [key: string]: any }, symbol: string) => void

/** The chart as Yahoo adjusts it: prices and volumes for the splits, adjclose for dividends besides. */
function answer({ url }: Asked): { status: number; body: unknown } {
  const symbol = url.pathname.split('/').at(-1)!
  if (!['AAPL', 'BRK-B'].includes(symbol) || forgotten.includes(symbol))
    return {
      status: 404,
      body: { chart: { result: null, error: { code: 'Not Found', description: 'No data found, symbol may be delisted' } } },
    }
  const shares = (session: string) => (symbol === 'AAPL' && session < split ? 4 : 1)
  const close = sessions.map((session) => Math.fround(traded(symbol, session) / shares(session)))
  const held = sessions.map((session) =>
    symbol === 'AAPL' && session < dividend.session ? 1 - dividend.cash / traded('AAPL', '2020-08-25') : 1,
  )
  const period = { timezone: 'EDT', gmtoffset: -14_400, start: at('2020-09-08'), end: at('2020-09-08', '20:00') }
  const chart = {
    meta: {
      currency: 'USD',
      symbol,
      exchangeName: 'NMS',
      instrumentType: 'EQUITY',
      firstTradeDate: 345_479_400,
      regularMarketTime: at('2020-09-04', '20:00'),
      gmtoffset: -14_400,
      timezone: 'EDT',
      exchangeTimezoneName: 'America/New_York',
      regularMarketPrice: close.at(-1),
      priceHint: 2,
      currentTradingPeriod: { pre: period, regular: period, post: period },
      dataGranularity: '1d',
      range: '',
      validRanges: ['1d', 'max'],
    },
    timestamp: sessions.map((session) => at(session)),
    ...(symbol === 'AAPL'
      ? {
          events: {
            dividends: { [at(dividend.session)]: { amount: dividend.cash / 4, date: at(dividend.session) } },
            splits: { [at(split)]: { date: at(split), numerator: 4, denominator: 1, splitRatio: '4:1' } },
          },
        }
      : {}),
    indicators: {
      quote: [
        {
          open: [...close],
          high: close.map((price) => Math.fround(price + 1)),
          low: close.map((price) => Math.fround(price - 1)),
          close,
          volume: sessions.map((session) => 1_000_000 * shares(session)),
        },
      ],
      adjclose: [{ adjclose: close.map((price, i) => Math.fround(price * held[i]!)) }],
    },
  }
  spoiled(chart, symbol)
  return { status: 200, body: { chart: { result: [chart], error: null } } }
}

let server: VendorServer
let world: DatasetTestWorld
beforeAll(async () => {
  server = await VendorServer.start(answer)
  const access = { ...vendorAccess({}, '/nowhere'), yahoo: { endpoint: server.endpoint } }
  world = await datasetWorld({ vendors: createVendors(access, { requestsPerMinute: 100_000, firstWaitMs: 1, retries: 2, failures: 100 }) })
})
beforeEach(() => {
  spoiled = () => {}
  forgotten = []
})
afterEach(() => {
  server.asked.length = 0
  server.faults = []
})
afterAll(async () => {
  await world.drop()
  await server.stop()
})

async function synced(dataset: string, connector: ConnectorConfig = config) {
  const result = await world.sync(connector, { dataset })
  return { result, reader: await openSnapshot(world.objects, (await findSnapshot(world.db, result.snapshotId!, dataset))!.manifest) }
}

describe('Yahoo', () => {
  it('gives raw bars, once its split adjustment is taken back, and its splits and dividends as they were', async () => {
    const { result, reader } = await synced('yahoo')
    expect(result).toMatchObject({ state: 'landed', rows: 20, symbols: 2, quarantined: 0, held: 0 })
    for (const symbol of ['AAPL', 'BRK.B']) {
      const bars = await reader.bars(symbol)
      expect(bars.sessions).toEqual(sessions)
      expect([...bars.close]).toEqual(sessions.map((session) => traded(symbol, session)))
      expect([...bars.volume]).toEqual(sessions.map(() => 1_000_000))
    }
    expect(reader.manifest.actions).toMatchObject([
      { symbol: 'AAPL', exDate: '2020-08-26', kind: 'dividend', cash: 0.8, basis: 'given' },
      { symbol: 'AAPL', exDate: '2020-08-31', kind: 'split', ratio: 4, basis: 'given' },
    ])
    // the factor that we make of the actions gives the vendor's own adjusted series back
    const aapl = await reader.bars('AAPL')
    const ours = adjustBars(aapl, reader.manifest.actions).close
    ours.forEach((close, i) => expect(close / ours[0]!).toBeCloseTo(aapl.adjustedClose![i]! / aapl.adjustedClose![0]!, 6))
    expect(server.asked.map(({ url }) => url.pathname)).toEqual(['/v8/finance/chart/AAPL', '/v8/finance/chart/BRK-B'])
  })

  it('is read to the same snapshot through its faults', async () => {
    const quiet = await synced('yahoo-quiet')
    server.faults = [
      { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
      { kind: 'half' },
      undefined,
      { kind: 'cut' },
      { kind: 'status', status: 502 },
    ]
    expect((await synced('yahoo-faults')).result.snapshotId).toBe(quiet.result.snapshotId)
    expect(server.asked).toHaveLength(2 + 6)
  })

  it('has a place without prices for a session that a share did not trade on, and half a bar is quarantined', async () => {
    spoiled = (chart, symbol) => {
      const [quote] = chart.indicators.quote
      if (symbol === 'AAPL') for (const field of ['open', 'high', 'low', 'close', 'volume']) quote[field][2] = null
      else quote.high[3] = null
    }
    const { result, reader } = await synced('yahoo-gaps')
    expect(result).toMatchObject({ rows: 18, quarantined: 1 })
    expect((await reader.bars('AAPL')).sessions).not.toContain(sessions[2])
  })

  it('serves the bar of a day that still trades: it is left out', async () => {
    const today = new Date().toISOString().slice(0, 10)
    spoiled = (chart) => {
      const now = Date.now() / 1000
      chart.meta.exchangeTimezoneName = 'UTC'
      chart.meta.currentTradingPeriod.regular = { timezone: 'UTC', gmtoffset: 0, start: Math.floor(now), end: Math.floor(now) + 3_600 }
      chart.timestamp.push(at(today, '00:00'))
      const [quote] = chart.indicators.quote
      for (const field of ['open', 'high', 'low', 'close', 'volume']) quote[field].push(quote[field].at(-1))
      chart.indicators.adjclose[0].adjclose.push(1)
    }
    const { through: _, ...open } = config
    expect((await synced('yahoo-today', open)).reader.manifest.lastSession).toBe('2020-09-04')
  })

  it('never knew a share that it does not know at the first sync, and says so', async () =>
    await expect(synced('yahoo-gone', { ...config, symbols: ['AAPL', 'LEH'] })).rejects.toMatchObject({
      code: 'not_found',
      message: expect.stringMatching(/^Yahoo knows no LEH, and the dataset has no bars of it to keep/),
    }))

  it('forgets a delisted share: its bars and actions are kept, and the sync and the quality report name it', async () => {
    const earlier = await synced('yahoo-forgets', { ...config, through: '2020-09-02' })
    forgotten = ['AAPL']
    const { result, reader } = await synced('yahoo-forgets')
    expect(result).toMatchObject({ state: 'landed', symbols: 2, rows: 18, quarantined: 0, held: 0 })
    expect(await reader.bars('AAPL')).toEqual(await earlier.reader.bars('AAPL'))
    expect(reader.actions('AAPL')).toEqual(earlier.reader.actions('AAPL'))
    expect((await reader.bars('BRK.B')).sessions).toEqual(sessions)
    expect(await findSync(world.db, result.syncId)).toMatchObject({ withdrawn: ['AAPL'] })
    expect(await findSync(world.db, earlier.result.syncId)).toMatchObject({ withdrawn: [] })

    const examined = { dataset: 'yahoo-forgets', snapshotId: result.snapshotId! }
    const { report } = await examineSnapshot(world, examined, new AbortController().signal)
    const { findings, withdrawn } = QualityReport.parse(JSON.parse(new TextDecoder().decode(await world.objects.get(report))))
    expect(withdrawn).toEqual(['AAPL'])
    expect(findings.find(({ kind }) => kind === 'withdrawn')?.text).toContain('no longer knows, with the bars of an earlier snapshot: AAPL')

    // and it is kept by the syncs after it
    expect((await synced('yahoo-forgets')).result).toMatchObject({ state: 'unchanged', snapshotId: result.snapshotId })
  })

  it('that answers something else is told apart from one that does not answer', async () => {
    spoiled = (chart) => delete chart.meta.exchangeTimezoneName
    await expect(synced('yahoo-other')).rejects.toMatchObject({ code: 'source_malformed', message: expect.stringContaining('not a chart') })
  })
})
