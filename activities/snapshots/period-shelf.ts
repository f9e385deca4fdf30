import { numbersPerBar, readBarRecords, writeBarRecords } from '#domain/market/bar-records.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { compareText } from '#domain/market/actions.ts'
import { Spill } from '../spill.ts'

/** Where a period of a symbol begins and ends: one run of its rows. */
export type PeriodCut = { period: string; from: number; to: number }

type Period = { number: number; firstSession: string; pieces: BarColumns[]; waiting: { symbol: string; rows: number }[] }

/** Rows of some ten megabytes; and what may wait of more than that. */
const mostInMemory = 131_072
const waitingBytes = 4 * 2 ** 20

/** Whole symbols of one group go in, and their bars come out by period. What is more than some megabytes waits on disk. */
export class PeriodShelf {
  private readonly mostInMemory: number
  private readonly periods = new Map<string, Period>()
  private rowsInMemory = 0
  private spill: Spill | undefined

  constructor(most = mostInMemory) {
    this.mostInMemory = most
  }

  /** @throws QuantloopError unavailable */
  async add(bars: BarColumns, cuts: readonly PeriodCut[]): Promise<void> {
    for (const { period, from, to } of cuts) {
      const own = this.periodOf(period, bars.sessions[from]!)
      const piece = sliceBars(bars, from, to)
      if (this.spill === undefined) own.pieces.push(piece)
      else writeAway(this.spill, own, piece)
    }
    if (this.spill === undefined) {
      this.rowsInMemory += bars.sessions.length
      if (this.rowsInMemory > this.mostInMemory) await this.moveToDisk()
    }
    await this.spill?.settle()
  }

  /** The bars of each period, in the order of time, after which the shelf is empty. @throws QuantloopError unavailable */
  async *take(): AsyncGenerator<BarColumns[]> {
    await this.spill?.settle(0)
    for (const period of [...this.periods.values()].sort((a, b) => compareText(a.firstSession, b.firstSession)))
      yield this.spill === undefined ? period.pieces : await readBack(this.spill, period)
    this.periods.clear()
    this.rowsInMemory = 0
    await this.close()
  }

  async close(): Promise<void> {
    await this.spill?.close()
    this.spill = undefined
  }

  private periodOf(name: string, firstSession: string): Period {
    let period = this.periods.get(name)
    if (period === undefined) this.periods.set(name, (period = { number: this.periods.size, firstSession, pieces: [], waiting: [] }))
    else if (firstSession < period.firstSession) period.firstSession = firstSession
    return period
  }

  private async moveToDisk(): Promise<void> {
    this.spill = await Spill.open(numbersPerBar, waitingBytes)
    for (const period of this.periods.values()) {
      for (const piece of period.pieces) writeAway(this.spill, period, piece)
      period.pieces = []
      await this.spill.settle()
    }
  }
}

function writeAway(spill: Spill, period: Period, piece: BarColumns): void {
  const rows = piece.sessions.length
  const records = new Float64Array(rows * numbersPerBar)
  writeBarRecords(piece, records, 0)
  for (let row = 0; row < rows; row++) spill.add(period.number, records.subarray(row * numbersPerBar, (row + 1) * numbersPerBar))
  period.waiting.push({ symbol: piece.symbol, rows })
}

async function readBack(spill: Spill, { number, waiting }: Period): Promise<BarColumns[]> {
  const records = await spill.records(number)
  let from = 0
  return waiting.map(({ symbol, rows }) => {
    const to = from + rows * numbersPerBar
    const bars = readBarRecords(symbol, records.subarray(from, to))
    from = to
    return bars
  })
}
