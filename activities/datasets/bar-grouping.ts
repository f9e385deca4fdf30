import { QuantloopError } from '#contracts/errors.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import { numbersPerBar, writeBarRecords } from '#domain/market/bar-records.ts'
import { compareText } from '#domain/market/actions.ts'
import { finestGroups, groupOf } from '#domain/market/chunk-layout.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { assumedInstant, dayOf, sessionOf } from '#domain/market/session-days.ts'
import { asText } from './quarantine.ts'
import { Spill } from './spill.ts'

/** A power of two times the groups of a snapshot, so that each bucket lies in one group. */
const buckets = 32 * finestGroups
/** All exchanges of the world together list about half as many. */
const mostSymbols = 100_000

/** symbol, line, text or −1, day, open, high, low, close, volume, adjusted close */
const numbersPerRecord = 10
const noText = -1

type KnownSymbol = { symbol: string; number: number; bucket: number; rows: number; latestDay: number; ascends: boolean }

export type Refused = { line: number; raw: string; reason: string; bar: BarRow }

/** The bars of one symbol as records. */
export type SymbolRecords = { symbol: string; records: Float64Array }

/** Symbols of one of the finest groups: the bars that can be trusted, and the lines that cannot. */
export type TakenBars = { group: number; symbols: SymbolRecords[]; refused: Refused[] }

/**
 * The rows of a source, however large and in whatever order, brought together by symbol: what `BarIntake` says of each is
 * then the same as if the whole source were in memory. Memory: one entry for each symbol, and one bucket of rows at a time.
 */
export class BarGrouping {
  private readonly spill: Spill
  private readonly file: string
  private readonly symbols: KnownSymbol[] = []
  private readonly known = new Map<string, KnownSymbol>()
  private readonly record = new Float64Array(numbersPerRecord)

  private constructor(spill: Spill, file: string) {
    this.spill = spill
    this.file = file
  }

  /** `file` is what messages call the source. @throws QuantloopError unavailable */
  static async open(file: string): Promise<BarGrouping> {
    return new BarGrouping(await Spill.open(numbersPerRecord), file)
  }

  /** @throws QuantloopError source_malformed when there are more symbols than any market has */
  add(bar: BarRow, line: number, source: { readonly raw: string }): void {
    const symbol = this.known.get(bar.symbol) ?? this.admit(bar.symbol, line)
    const day = dayOf(bar.session)!
    // a session that does not come after all others of its symbol will be refused, and its line shown
    const text = day > symbol.latestDay ? noText : this.spill.addText(source.raw)
    if (text === noText) symbol.latestDay = day
    else symbol.ascends = false
    symbol.rows++
    const { record } = this
    record[0] = symbol.number
    record[1] = line
    record[2] = text
    record[3] = day
    record[4] = bar.open
    record[5] = bar.high
    record[6] = bar.low
    record[7] = bar.close
    record[8] = bar.volume
    record[9] = bar.adjustedClose
    this.spill.add(symbol.bucket, record)
  }

  /** Lets rows go to the disk; to be called between batches. @throws QuantloopError unavailable */
  settle = () => this.spill.settle()

  /** What became of all rows that were added, one bucket at a time, in the order of the finest groups. */
  async *taken(latestSession: string): AsyncGenerator<TakenBars> {
    await this.spill.settle(0)
    for (let group = 0; group < finestGroups; group++)
      for (let bucket = group; bucket < buckets; bucket += finestGroups) {
        const records = await this.spill.records(bucket)
        if (records.length > 0) yield { group, ...(await this.judge(records, latestSession)) }
      }
  }

  close = () => this.spill.close()

  /** Where sessions ascend nothing is left to judge; the others go through the rules for rows of a file together. */
  private async judge(records: Float64Array, latestSession: string): Promise<Omit<TakenBars, 'group'>> {
    const intake = new BarIntake(latestSession)
    const refused: Refused[] = []
    const ascending = new Map<KnownSymbol, { records: Float64Array; at: number }>()
    for (let at = 0; at < records.length; at += numbersPerRecord) {
      const symbol = this.symbols[records[at]!]!
      if (symbol.ascends) {
        let own = ascending.get(symbol)
        if (own === undefined) ascending.set(symbol, (own = { records: new Float64Array(symbol.rows * numbersPerBar), at: 0 }))
        for (let field = 0; field < numbersPerBar - 1; field++) own.records[own.at + field] = records[at + 3 + field]!
        own.records[own.at + numbersPerBar - 1] = assumedInstant(records[at + 3]!)
        own.at += numbersPerBar
        continue
      }
      const bar = this.rowAt(records, at)
      const reason = intake.offer(bar, records[at + 1]!)
      if (reason !== undefined) refused.push({ line: records[at + 1]!, raw: await this.spill.text(records[at + 2]!), reason, bar })
    }
    for (const { line, reason, bar } of intake.contradicted()) refused.push({ line, raw: asText(bar), reason, bar })
    const symbols = intake.bars().map((bars): SymbolRecords => {
      const own = new Float64Array(bars.sessions.length * numbersPerBar)
      writeBarRecords(bars, own, 0)
      return { symbol: bars.symbol, records: own }
    })
    for (const [{ symbol }, own] of ascending) symbols.push({ symbol, records: own.records })
    return { symbols: symbols.sort((a, b) => compareText(a.symbol, b.symbol)), refused }
  }

  private rowAt(records: Float64Array, at: number): BarRow {
    return {
      symbol: this.symbols[records[at]!]!.symbol,
      session: sessionOf(records[at + 3]!),
      open: records[at + 4]!,
      high: records[at + 5]!,
      low: records[at + 6]!,
      close: records[at + 7]!,
      volume: records[at + 8]!,
      adjustedClose: records[at + 9]!,
    }
  }

  private admit(symbol: string, line: number): KnownSymbol {
    if (this.symbols.length >= mostSymbols)
      throw new QuantloopError(
        'source_malformed',
        `line ${line} of ${this.file} names ${symbol}, after ${mostSymbols} other symbols: is that column the symbol?`,
        { file: this.file, line, symbol },
      )
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
