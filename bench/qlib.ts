/**
 * Our export in Qlib's format, read back by pyqlib itself: a market with splits, dividends, late listings and gaps is
 * written as a folder, and each value of each column that pyqlib reads must be ours, as float32. Our time is that of
 * writing the folder, the peer's that of reading it.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { qlibFiles, type SnapshotBars } from '#activities/snapshots.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { adjustBars, priceFactors } from '#domain/market/factors.ts'
import { assumedKnownAt } from '#domain/market/session-days.ts'
import { seededWholeNumbers } from '#domain/monitoring/random.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { type Measurement, measurement } from './measurement.ts'
import { PythonPeer } from './python-peer.ts'

const symbolCount = 100
const sessions = xnys.sessionsBetween('2010-01-04', '2019-12-31')
const fields = ['open', 'high', 'low', 'close', 'volume', 'factor'] as const

export async function benchmark(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bench-qlib-'))
  const peer = new PythonPeer('qlib', 'read_back.py')
  try {
    const market = Array.from({ length: symbolCount }, (_, index) => listing(index))
    const started = performance.now()
    await write(market, folder)
    const ours = (performance.now() - started) / 1_000
    const { seconds, rows } = await peer.ask<{ seconds: number; rows: number }>({ folder, store: join(folder, 'values.f32') })
    const read = new Float32Array((await readFile(join(folder, 'values.f32'))).buffer.slice(0))
    return [
      measurement({
        name: `Qlib's format, ${symbolCount} symbols × ${sessions.length} sessions`,
        unit: 's',
        ours,
        peer: seconds,
        goal: 1,
        answersEqual: rows === read.length / fields.length && isWhatWeWrote(read, market),
      }),
    ]
  } finally {
    await peer.close()
    await rm(folder, { recursive: true, force: true })
  }
}

type Listing = { bars: BarColumns; actions: CorporateAction[] }

/** One share: listed late or not, suspended now and then, split once, with a dividend a year. Prices in cents. */
function listing(index: number): Listing {
  const whole = seededWholeNumbers(index + 1)
  const symbol = `S${String(index).padStart(3, '0')}`
  const first = index % 3 === 0 ? whole(1_000) : 0
  const own = sessions.slice(first).filter((_, i) => i === 0 || whole(50) > 0)
  const splitAt = 200 + whole(own.length - 400)
  const close = new Float64Array(own.length)
  let cents = 2_000 + whole(20_000)
  own.forEach((_, row) => {
    if (row === splitAt) cents = Math.max(200, Math.round(cents / 2))
    cents = Math.max(200, Math.round(cents * (1 + (whole(401) - 199) / 10_000)))
    close[row] = cents / 100
  })
  const bars: BarColumns = {
    symbol,
    sessions: own,
    open: close.map((value) => value + 0.01),
    high: close.map((value) => value + 0.05),
    low: close.map((value) => value - 0.05),
    close,
    volume: close.map(() => 1_000 + whole(1_000_000)),
    adjustedClose: undefined,
    knownAt: own.map(assumedKnownAt),
  }
  const given = (row: number) => ({ symbol, exDate: own[row]!, knownAt: assumedKnownAt(own[row]!), basis: 'given' as const })
  const dividends = Array.from({ length: Math.floor(own.length / 250) }, (_, year) => ({
    ...given(year * 250 + 120),
    kind: 'dividend' as const,
    cash: 0.25,
  }))
  return { bars, actions: [{ ...given(splitAt), kind: 'split', ratio: 2 }, ...dividends] }
}

async function write(market: readonly Listing[], folder: string): Promise<void> {
  const bySymbol = new Map(market.map((share) => [share.bars.symbol, share]))
  const symbols = market.map(({ bars }) => ({
    symbol: bars.symbol,
    rows: bars.sessions.length,
    firstSession: bars.sessions[0]!,
    lastSession: bars.sessions.at(-1)!,
    contentSha256: '',
  }))
  const reader = {
    manifest: { symbols } as SnapshotBars['manifest'],
    bars: async (symbol: string) => bySymbol.get(symbol)!.bars,
    actions: (symbol: string) => bySymbol.get(symbol)!.actions,
  }
  // there is nothing beside the bars, so the store is not asked
  for await (const { path, bytes } of qlibFiles({} as ObjectStore, reader)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

/** Values by symbol, then session from its first to its last, then field; NaN where a share has no bar. */
function isWhatWeWrote(read: Float32Array, market: readonly Listing[]): boolean {
  const calendar = [...new Set(market.flatMap(({ bars }) => bars.sessions))].sort((a, b) => (a < b ? -1 : 1))
  let at = 0
  for (const { bars, actions } of market) {
    const adjusted = { ...adjustBars(bars, actions), factor: priceFactors(bars, actions) }
    const rowOf = new Map(bars.sessions.map((session, row) => [session, row]))
    for (const session of calendar.slice(calendar.indexOf(bars.sessions[0]!), calendar.indexOf(bars.sessions.at(-1)!) + 1))
      for (const field of fields) {
        const row = rowOf.get(session)
        if (!Object.is(read[at++], row === undefined ? Number.NaN : Math.fround(adjusted[field][row]!))) return false
      }
  }
  return at === read.length
}
