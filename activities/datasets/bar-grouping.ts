import { QuantloopError } from '#contracts/errors.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import { compareText } from '#domain/market/actions.ts'
import { type BarColumns, columnIfAny } from '#domain/market/bars.ts'
import { finestGroups, groupOf } from '#domain/market/chunk-layout.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { assumedKnownAtOf, dayOf, sessionOf, textsOf } from '#domain/market/session-days.ts'
import type { Connector } from './connector.ts'
import { asText } from './quarantine.ts'
import { Spill } from '../spill.ts'

/** A power of two times the most groups of a snapshot, so that each bucket lies in one group. */
const buckets = 32 * finestGroups
/** All exchanges of the world together list about half as many. */
const mostSymbols = 100_000

/** line and symbol in one number, text or −1, day, open, high, low, close, volume, adjusted close, vwap */
const numbersPerRecord = 10
/** Beside it a double holds 2^36 lines. */
const symbolNumbers = 2 ** 17
const noText = -1

type KnownSymbol = { symbol: string; number: number; bucket: number; rows: number; latestDay: number; ascends: boolean }

/** What messages call the source and its lines. */
type GroupedSource = Pick<Connector, 'file' | 'placeOf'>

export type Refused = { line: number; raw: string; reason: string; bar: BarRow }

/** Symbols of one group: the bars that can be trusted, and the lines that cannot. */
export type TakenBars = { group: number; symbols: BarColumns[]; refused: Refused[] }

type Judged = Omit<TakenBars, 'group'>

/**
 * The rows of a source, however large and in whatever order, brought together by symbol: what `BarIntake` says of each is
 * then the same as if the whole source were in memory. Memory: one entry for each symbol, and one bucket of rows at a time.
 */
export class BarGrouping {
  private readonly spill: Spill
  private readonly source: GroupedSource
  private readonly symbols: KnownSymbol[] = []
  private readonly known = new Map<string, KnownSymbol>()
  private latest: KnownSymbol | undefined
  private readonly calendar = new LatestSessions()

  private constructor(spill: Spill, source: GroupedSource) {
    this.spill = spill
    this.source = source
  }

  /** `bytesInMemory` wait there before they go to the disk. @throws QuantloopError unavailable */
  static async open(source: GroupedSource, bytesInMemory?: number): Promise<BarGrouping> {
    return new BarGrouping(await Spill.open(numbersPerRecord, bytesInMemory), source)
  }

  /** @throws QuantloopError source_malformed when there are more symbols than any market has */
  add(bar: BarRow, line: number, source: { readonly raw: string }): void {
    // files are mostly sorted by symbol
    const symbol = this.latest?.symbol === bar.symbol ? this.latest : (this.known.get(bar.symbol) ?? this.admit(bar.symbol, line))
    this.latest = symbol
    const day = dayOf(bar.session)!
    // a session that does not come after all others of its symbol will be refused, and its line shown
    const text = day > symbol.latestDay ? noText : this.spill.addText(source.raw)
    if (text === noText) symbol.latestDay = day
    else symbol.ascends = false
    symbol.rows++
    const { spill } = this
    const at = spill.reserve(symbol.bucket)
    const { block } = spill
    block[at] = line * symbolNumbers + symbol.number
    block[at + 1] = text
    block[at + 2] = day
    block[at + 3] = bar.open
    block[at + 4] = bar.high
    block[at + 5] = bar.low
    block[at + 6] = bar.close
    block[at + 7] = bar.volume
    block[at + 8] = bar.adjustedClose
    block[at + 9] = bar.vwap ?? Number.NaN
  }

  /** Lets rows go to the disk; to be called between batches. @throws QuantloopError unavailable */
  settle = () => this.spill.settle()

  /** How many symbols have bars that can be trusted, and the last session of these. @throws QuantloopError unavailable */
  async extent(latestSession: string): Promise<{ symbols: number; lastSession: string | undefined }> {
    let [symbols, lastDay] = [0, Number.NEGATIVE_INFINITY]
    const count = (day: number) => {
      symbols++
      lastDay = Math.max(lastDay, day)
    }
    const doubtful = new Set<number>()
    for (const { ascends, bucket, latestDay } of this.symbols) {
      if (ascends) count(latestDay)
      else doubtful.add(bucket)
    }
    for (const bucket of doubtful)
      for (const bars of (await this.judge(await this.spill.records(bucket), latestSession)).symbols)
        if (!this.known.get(bars.symbol)!.ascends) count(dayOf(bars.sessions.at(-1)!)!)
    return { symbols, lastSession: symbols === 0 ? undefined : sessionOf(lastDay) }
  }

  /** What became of all rows that were added, one bucket at a time, in the order of `groups` groups. */
  async *taken(latestSession: string, groups: number): AsyncGenerator<TakenBars> {
    await this.spill.settleForReading()
    for (let group = 0; group < groups; group++)
      for (let bucket = group; bucket < buckets; bucket += groups) {
        const records = await this.spill.records(bucket)
        if (records.length > 0) yield { group, ...(await this.judge(records, latestSession)) }
      }
  }

  close = () => this.spill.close()

  /** Where sessions ascend nothing is left to judge; the others go through the rules for rows of a file together. */
  private async judge(records: Float64Array, latestSession: string): Promise<Judged> {
    const intake = new BarIntake(latestSession, this.nameOf)
    const refused: Refused[] = []
    const ascending = new Map<number, Ascending>()
    let latest: Ascending | undefined
    for (let at = 0; at < records.length; at += numbersPerRecord) {
      // % of numbers beyond 32 bits is slow
      const line = Math.floor(records[at]! / symbolNumbers)
      const symbol = this.symbols[records[at]! - line * symbolNumbers]!
      if (symbol.ascends) {
        if (latest?.symbol !== symbol) {
          latest = ascending.get(symbol.number) ?? new Ascending(symbol)
          ascending.set(symbol.number, latest)
        }
        latest.add(records, at)
        continue
      }
      const bar = rowAt(symbol, records, at)
      const reason = intake.offer(bar, line)
      if (reason !== undefined) refused.push({ line, raw: await this.spill.text(records[at + 1]!), reason, bar })
    }
    for (const { line, reason, bar } of intake.contradicted()) refused.push({ line, raw: asText(bar), reason, bar })
    const symbols = [...intake.bars(), ...[...ascending.values()].map((own) => own.bars(this.calendar))]
    return { symbols: symbols.sort((a, b) => compareText(a.symbol, b.symbol)), refused }
  }

  private readonly nameOf = (line: number): string => {
    const place = this.source.placeOf?.(line)
    return place === undefined ? `line ${line}` : `line ${place.line} of ${place.file}`
  }

  private admit(symbol: string, line: number): KnownSymbol {
    if (this.symbols.length >= mostSymbols) {
      const place = this.source.placeOf?.(line) ?? { file: this.source.file, line }
      throw new QuantloopError(
        'source_malformed',
        `line ${place.line} of ${place.file} names ${symbol}, after ${mostSymbols} other symbols: is that column the symbol?`,
        { ...place, symbol },
      )
    }
    const known = {
      symbol,
      number: this.symbols.length,
      bucket: groupOf(symbol, buckets),
      rows: 0,
      latestDay: Number.NEGATIVE_INFINITY,
      ascends: true,
    }
    this.symbols.push(known)
    this.known.set(symbol, known)
    return known
  }
}

const rowAt = ({ symbol }: KnownSymbol, records: Float64Array, at: number): BarRow => ({
  symbol,
  session: sessionOf(records[at + 2]!),
  open: records[at + 3]!,
  high: records[at + 4]!,
  low: records[at + 5]!,
  close: records[at + 6]!,
  volume: records[at + 7]!,
  adjustedClose: records[at + 8]!,
  vwap: records[at + 9]!,
})

/** The rows of a symbol whose sessions ascend, and of which none is refused any more. */
class Ascending {
  readonly symbol: KnownSymbol
  private readonly days: Int32Array
  private readonly columns: Seven
  private row = 0

  constructor(symbol: KnownSymbol) {
    this.symbol = symbol
    this.days = new Int32Array(symbol.rows)
    this.columns = Array.from({ length: 7 }, () => new Float64Array(symbol.rows)) as Seven
  }

  /** The row that lies at `at` of the grouped records. */
  add(records: Float64Array, at: number): void {
    const [open, high, low, close, volume, adjustedClose, vwap] = this.columns
    const { row } = this
    this.days[row] = records[at + 2]!
    open[row] = records[at + 3]!
    high[row] = records[at + 4]!
    low[row] = records[at + 5]!
    close[row] = records[at + 6]!
    volume[row] = records[at + 7]!
    adjustedClose[row] = records[at + 8]!
    vwap[row] = records[at + 9]!
    this.row++
  }

  bars(calendar: LatestSessions): BarColumns {
    const [open, high, low, close, volume, adjustedClose, vwap] = this.columns
    return {
      symbol: this.symbol.symbol,
      ...calendar.of(this.days),
      open,
      high,
      low,
      close,
      volume,
      vwap: columnIfAny(vwap),
      adjustedClose: columnIfAny(adjustedClose),
    }
  }
}

/** The texts of days. Symbols of one market have the same sessions, and share one list of them. */
class LatestSessions {
  private days: Int32Array = new Int32Array()
  private texts: Pick<BarColumns, 'sessions' | 'knownAt'> = { sessions: [], knownAt: [] }

  of(days: Int32Array): Pick<BarColumns, 'sessions' | 'knownAt'> {
    if (!isEqual(days, this.days)) {
      this.days = days
      this.texts = { sessions: textsOf(days, sessionOf), knownAt: textsOf(days, assumedKnownAtOf) }
    }
    return this.texts
  }
}

function isEqual(one: Int32Array, other: Int32Array): boolean {
  if (one.length !== other.length) return false
  for (let row = 0; row < one.length; row++) if (one[row] !== other[row]) return false
  return true
}

type Seven = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]
