import YahooFinance from 'yahoo-finance2'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { localDate } from '#domain/calendar/local-date.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { assumedKnownAt } from '#domain/market/session-days.ts'
import { laterShares, rawPrice, rawVolume } from '#domain/market/undo-splits.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { vendorRow } from './vendors/vendor-rows.ts'
import { VendorRefusal } from './vendors/vendor-client.ts'

type YahooConfig = Extract<ConnectorConfig, { kind: 'yahoo' }>
type Chart = NonNullable<Awaited<ReturnType<typeof readChart>>>

const file = 'Yahoo (unofficial)'
const dayMs = 86_400_000
/** after the close, until which the bar of the day still moves */
const settlingMs = 15 * 60_000

/**
 * Daily bars from Yahoo's chart, one page a symbol, with splits and dividends as given actions. Unofficial: Yahoo offers no
 * API, and may change or refuse this at any time. Its prices are split-adjusted; they are taken back to raw ones, and its
 * adjusted close stays beside them as a check.
 */
export function yahooConnector(config: YahooConfig, world: ConnectorWorld): Connector {
  const charts = async function* () {
    for (const symbol of config.symbols) {
      const chart = await readChart(symbol, config, world)
      if (chart !== undefined) yield { symbol, chart }
    }
  }
  return {
    file,
    knownAtBasis: 'assumed',
    async facts() {
      const actions: CorporateAction[] = []
      for await (const { symbol, chart } of charts()) actions.push(...actionsOf(symbol, chart))
      return {
        calendar: { kind: 'exchange', name: config.calendar ?? 'XNYS', basis: config.calendar === undefined ? 'assumed' : 'named' },
        actions,
      }
    },
    async *rows() {
      let line = 0
      for await (const { symbol, chart } of charts())
        yield rowsOf(symbol, chart, config.from, Date.parse(world.asOf)).map((row): SourceRow => ({ line: ++line, ...row }))
    },
  }
}

/** Yahoo writes a class of shares behind a dash; a dot is an exchange. */
const yahoosName = (symbol: string) => symbol.replace(/^([A-Z]{1,5})\.([A-C])$/, '$1-$2')

/** Undefined for a share that Yahoo no longer knows, and of which the dataset keeps what it has. */
async function readChart(symbol: string, { from }: YahooConfig, { vendors, pages, withdrawals, cancelled, asOf }: ConnectorWorld) {
  const { access, yahoo } = vendors
  const library = new YahooFinance({
    versionCheck: false,
    suppressNotices: ['yahooSurvey'],
    validation: { logErrors: false, logOptionsErrors: false },
  })
  // the library asks and checks; the bytes come through the sync's journal
  const journalled = async (url: string | URL | Request) => {
    const asked = new URL(url instanceof Request ? url.url : url)
    const address = new URL(asked.pathname + asked.search, access.yahoo.endpoint)
    const bytes = await pages.read(`chart ${symbol}`, address.href, () =>
      yahoo.fetch({ address, headers: { 'user-agent': 'quantloop' }, check: assertJson, cancelled }),
    )
    return new Response(bytes)
  }
  try {
    return await library.chart(
      yahoosName(symbol),
      {
        period1: new Date(Date.parse(from) - dayMs),
        period2: new Date(Date.parse(asOf) + dayMs),
        interval: '1d',
        includePrePost: false,
        events: 'div|split',
      },
      { fetch: journalled },
    )
  } catch (error) {
    cancelled.throwIfAborted()
    if (error instanceof QuantloopError) throw error
    const place = { vendor: 'Yahoo', symbol }
    if (error instanceof VendorRefusal && error.status === 404) {
      const unknown = `Yahoo knows no ${symbol}, and the dataset has no bars of it to keep: leave it out (${error.message})`
      withdrawals.tell(symbol, new QuantloopError('not_found', unknown, place))
      return undefined
    }
    throw new QuantloopError(
      'source_malformed',
      `Yahoo's answer for ${symbol} is not a chart that this program reads: ${(error as Error).message.slice(0, 300)}`,
      place,
      {
        cause: error,
      },
    )
  }
}

const assertJson = (bytes: Uint8Array): void => void JSON.parse(new TextDecoder().decode(bytes))

function splitsOf({ events, meta }: Chart) {
  return (events?.splits ?? []).map(({ date, numerator, denominator }) => ({
    exDate: localDate(date.getTime(), meta.exchangeTimezoneName),
    ratio: numerator / denominator,
  }))
}

function actionsOf(symbol: string, chart: Chart): CorporateAction[] {
  const splits = splitsOf(chart)
  const sharesAt = laterShares(splits)
  const given = (exDate: string) => ({ symbol, exDate, knownAt: assumedKnownAt(exDate), basis: 'given' as const })
  const dividends = (chart.events?.dividends ?? []).map(({ date, amount }) => {
    const exDate = localDate(date.getTime(), chart.meta.exchangeTimezoneName)
    return { ...given(exDate), kind: 'dividend' as const, cash: rawPrice(amount, sharesAt(exDate)) }
  })
  return [...splits.map(({ exDate, ratio }) => ({ ...given(exDate), kind: 'split' as const, ratio })), ...dividends]
}

function rowsOf(symbol: string, chart: Chart, from: string, asOfMs: number): Omit<SourceRow, 'line'>[] {
  const zone = chart.meta.exchangeTimezoneName
  const sharesAt = laterShares(splitsOf(chart))
  const { start, end } = chart.meta.currentTradingPeriod.regular
  const trading = asOfMs < end.getTime() + settlingMs ? localDate(start.getTime(), zone) : undefined
  return chart.quotes.flatMap(({ date, open, high, low, close, volume, adjclose }) => {
    const session = localDate(date.getTime(), zone)
    // Yahoo has a place, and no prices, for a session on which a share did not trade
    if (session < from || session === trading || [open, high, low, close].every((price) => price === null)) return []
    const shares = sharesAt(session)
    const price = (value: number | null) => (value === null ? null : rawPrice(value, shares))
    return {
      raw: JSON.stringify({ symbol, date, open, high, low, close, volume, adjclose }),
      row: vendorRow(symbol, session, {
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: volume === null ? null : rawVolume(volume, shares),
        adjustedClose: adjclose,
      }),
    }
  })
}
