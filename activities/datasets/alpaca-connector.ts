import { z } from 'zod'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { lastDateOver, localDate } from '#domain/calendar/local-date.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { listingEnds } from '#domain/market/listings.ts'
import { alpacaActions, AlpacaActionsPage } from './alpaca/actions.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { VendorRefusal } from './vendors/vendor-client.ts'
import { vendorRow } from './vendors/vendor-rows.ts'

type AlpacaConfig = Extract<ConnectorConfig, { kind: 'alpaca' }>

const file = 'Alpaca'
const newYork = 'America/New_York'
/** The tape goes on to correct a session for some time after its close. */
const finalAt = '20:15'
/** so that an address stays far below what servers accept */
const symbolsPerRequest = 100

const BarsPage = z.object({
  bars: z.record(
    z.string(),
    z.array(
      z.object({ t: z.string(), o: z.number(), h: z.number(), l: z.number(), c: z.number(), v: z.number(), vw: z.number().optional() }),
    ),
  ),
  next_page_token: z.string().nullable(),
})

/**
 * Daily raw bars and corporate actions of US shares from Alpaca's market data API (v2 stocks bars, v1 corporate actions),
 * page by page. A company that was renamed comes with its history under its present symbol, as Alpaca joins them.
 */
export function alpacaConnector(config: AlpacaConfig, world: ConnectorWorld): Connector {
  const last = lastDateOver(Date.parse(world.asOf), newYork, finalAt)
  const through = config.through !== undefined && config.through < last ? config.through : last
  const bars = () =>
    pagesOf(config, world, {
      name: 'bars',
      path: '/v2/stocks/bars',
      query: {
        timeframe: '1Day',
        start: config.from,
        end: through,
        adjustment: 'raw',
        feed: config.feed ?? 'sip',
        limit: '10000',
        sort: 'asc',
      },
      schema: BarsPage,
    })
  return {
    file,
    knownAtBasis: 'assumed',
    async facts() {
      const actions: CorporateAction[] = []
      const query = { start: config.from, end: last, limit: '1000', sort: 'asc' }
      for await (const page of pagesOf(config, world, { name: 'actions', path: '/v1/corporate-actions', query, schema: AlpacaActionsPage }))
        actions.push(...alpacaActions(page))
      return { calendar: { kind: 'exchange', name: 'XNYS', basis: 'named' }, actions: await ofPresentListings(actions, bars) }
    },
    async *rows() {
      let line = 0
      const seen = new Set<string>()
      for await (const page of bars()) {
        const rows = Object.entries(page.bars).flatMap(([symbol, found]) => {
          seen.add(symbol)
          return found.map(({ t, o, h, l, c, v, vw }): SourceRow => {
            const values = { open: o, high: h, low: l, close: c, volume: v, ...(vw === undefined ? {} : { vwap: vw }) }
            return {
              line: ++line,
              raw: JSON.stringify({ symbol, t, ...values }),
              row: vendorRow(symbol, sessionOf(t), values),
            }
          })
        })
        yield rows
      }
      for (const symbol of config.symbols) {
        if (seen.has(symbol)) continue
        const unknown = `Alpaca has no bars of ${symbol} from ${config.from} to ${through}: leave it out, or ask for other dates`
        world.withdrawals.tell(symbol, new QuantloopError('not_found', unknown, { vendor: 'Alpaca', symbol }))
      }
    },
  }
}

/**
 * Alpaca tells companies apart: its bars are those of the company that has the symbol today. A rename or delisting under a
 * symbol that has bars later on is that of a company that had it before, and whose bars are not among these.
 */
async function ofPresentListings(
  actions: readonly CorporateAction[],
  bars: () => AsyncIterable<z.infer<typeof BarsPage>>,
): Promise<CorporateAction[]> {
  const ends = listingEnds(actions)
  if (ends.size === 0) return [...actions]
  const last = new Map<string, string>()
  for await (const page of bars())
    for (const [symbol, found] of Object.entries(page.bars)) if (found.length > 0) last.set(symbol, sessionOf(found.at(-1)!.t))
  return actions.filter(({ kind, symbol, exDate }) => (kind !== 'rename' && kind !== 'delisting') || exDate > (last.get(symbol) ?? ''))
}

const sessionOf = (t: string) => localDate(Date.parse(t), newYork)

type Question<Page> = { name: string; path: string; query: Record<string, string>; schema: z.ZodType<Page> }

/** Every page of a question, for some symbols at a time; the token of the next one stands in the page before. */
async function* pagesOf<Page extends { next_page_token: string | null }>(
  { symbols }: AlpacaConfig,
  world: ConnectorWorld,
  { name, path, query, schema }: Question<Page>,
): AsyncGenerator<Page> {
  for (let from = 0; from < symbols.length; from += symbolsPerRequest) {
    const asked = symbols.slice(from, from + symbolsPerRequest)
    const address = new URL(path, world.vendors.access.alpaca.endpoint)
    for (const [key, value] of Object.entries({ symbols: asked.join(), ...query })) address.searchParams.set(key, value)
    for (let page = 1; ; page++) {
      const found = await readPage(`${name} of symbols ${from + 1} to ${from + asked.length}, page ${page}`, address, schema, world)
      yield found
      if (found.next_page_token === null) break
      address.searchParams.set('page_token', found.next_page_token)
    }
  }
}

async function readPage<Page>(
  name: string,
  address: URL,
  schema: z.ZodType<Page>,
  { vendors, pages, cancelled }: ConnectorWorld,
): Promise<Page> {
  const { keyId, secretKey } = vendors.access.alpaca
  const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as unknown
  const place = { vendor: 'Alpaca', address: address.href }
  const bytes = await pages.read(name, address.href, async () => {
    if (keyId === undefined || secretKey === undefined)
      throw new QuantloopError(
        'configuration_invalid',
        'Alpaca needs a key: set APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment of the orchestration worker, or of `quantloop up`',
        { vendor: 'Alpaca' },
      )
    try {
      const headers = { 'APCA-API-KEY-ID': keyId, 'APCA-API-SECRET-KEY': secretKey }
      return await vendors.alpaca.fetch({ address, headers, check: parse, cancelled })
    } catch (error) {
      if (!(error instanceof VendorRefusal)) throw error
      const refused = error.status === 401 || error.status === 403
      throw new QuantloopError(
        refused ? 'configuration_invalid' : 'invalid_request',
        refused
          ? `Alpaca does not accept the key, or its plan does not cover the feed: ${error.message}`
          : `Alpaca refuses what it was asked: ${error.message}`,
        place,
      )
    }
  })
  const page = schema.safeParse(parse(bytes))
  if (page.success) return page.data
  throw new QuantloopError(
    'source_malformed',
    `Alpaca's answer is not what its documentation says: ${z.prettifyError(page.error).slice(0, 300)}`,
    place,
  )
}
