import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import type { ConnectorConfig } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { Session } from '#contracts/words.ts'
import { lastDateOver } from '#domain/calendar/local-date.ts'
import { shareCode } from './akshare/share-code.ts'
import type { Connector, ConnectorWorld, SourceRow } from './connector.ts'
import { VendorFailure } from './vendors/vendor-client.ts'
import { vendorRow } from './vendors/vendor-rows.ts'

type AkshareConfig = Extract<ConnectorConfig, { kind: 'akshare' }>

const file = 'AKShare'
/** where Python finds quantloop_trainer.akshare_bars */
const trainerFolder = fileURLToPath(new URL('../../trainer/', import.meta.url))
/** A process costs some seconds before it asks anything. */
const sharesPerPage = 25
const patienceMs = 300_000
const mostBytes = 64 * 1024 * 1024

/** By the six digits of each share: raw bars beside the close of the vendor's adjusted series; volume in shares. */
const Page = z.object({
  shares: z.record(
    z.string(),
    z.array(
      z.object({
        session: Session,
        open: z.number().nullable(),
        high: z.number().nullable(),
        low: z.number().nullable(),
        close: z.number().nullable(),
        volume: z.number().nullable(),
        adjustedClose: z.number().nullable(),
      }),
    ),
  ),
})

/**
 * Daily bars of A-shares by the Python package AKShare, some shares a page. What it reads are web pages of others, so it is
 * as unofficial as they are. Its back-adjusted close stays beside the raw prices: actions are derived from it.
 */
export function akshareConnector(config: AkshareConfig, world: ConnectorWorld): Connector {
  const last = lastDateOver(Date.parse(world.asOf), 'Asia/Shanghai', '15:30')
  const through = config.through !== undefined && config.through < last ? config.through : last
  return {
    file,
    knownAtBasis: 'assumed',
    facts: async () => ({ calendar: { kind: 'exchange', name: 'XSHG', basis: 'named' } }),
    async *rows() {
      let line = 0
      for (let first = 0; first < config.symbols.length; first += sharesPerPage) {
        const symbols = config.symbols.slice(first, first + sharesPerPage)
        const { shares } = await readPage(`bars of shares ${first + 1} to ${first + symbols.length}`, symbols, config.from, through, world)
        for (const symbol of symbols) {
          const bars = shares[shareCode(symbol)] ?? []
          const unknown = `AKShare has no bars of ${symbol} from ${config.from} to ${through}: leave it out, or ask for other dates`
          if (bars.length === 0) world.withdrawals.tell(symbol, new QuantloopError('not_found', unknown, { vendor: file, symbol }))
          yield bars.map(({ session, ...values }): SourceRow => ({
            line: ++line,
            raw: JSON.stringify({ symbol, session, ...values }),
            row: vendorRow(symbol, session, values),
          }))
        }
      }
    },
  }
}

async function readPage(
  name: string,
  symbols: readonly string[],
  from: string,
  through: string,
  world: ConnectorWorld,
): Promise<z.infer<typeof Page>> {
  const { pages, vendors, cancelled } = world
  const question = [from, through, ...symbols.map(shareCode)]
  const address = `akshare.stock_zh_a_hist ${question.join(' ')}`
  const bytes = await pages.read(name, address, () =>
    vendors.akshare.ask(address, cancelled, (signal) => askPython(vendors.access.akshare, question, signal)),
  )
  const page = Page.safeParse(JSON.parse(new TextDecoder().decode(bytes)))
  if (page.success) return page.data
  throw new QuantloopError('source_malformed', `AKShare's answer is not bars: ${z.prettifyError(page.error).slice(0, 300)}`, {
    vendor: file,
    address,
  })
}

async function askPython(
  { python, endpoint }: ConnectorWorld['vendors']['access']['akshare'],
  question: readonly string[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const args = ['-m', 'quantloop_trainer.akshare_bars', ...question]
  try {
    const { stdout } = await promisify(execFile)(python, endpoint === undefined ? args : [...args, '--endpoint', endpoint], {
      cwd: trainerFolder,
      encoding: 'buffer',
      signal,
      timeout: patienceMs,
      maxBuffer: mostBytes,
    })
    return stdout
  } catch (error) {
    signal.throwIfAborted()
    const { code, stderr } = error as { code?: number | string; stderr?: Buffer }
    if (code === 'ENOENT')
      throw new QuantloopError(
        'configuration_invalid',
        `there is no Python with akshare at ${python}: run \`node setup.mjs --akshare\``,
        { vendor: file },
        { cause: error },
      )
    const said = stderr?.toString().trim().split('\n').at(-1) ?? (error as Error).message
    throw new VendorFailure(said.slice(0, 300), { cause: error })
  }
}
