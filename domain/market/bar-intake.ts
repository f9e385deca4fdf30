import { compareText } from './actions.ts'
import { refuseBar } from './bar-rules.ts'
import { type BarColumns, columnIfAny } from './bars.ts'
import type { BarRow } from './parse-row.ts'
import { assumedKnownAt } from './session-days.ts'

const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const

type Seven = [number[], number[], number[], number[], number[], number[], number[]]

type Column = { sessions: string[]; lines: number[]; contradicted: Set<number> } & Record<(typeof numbers)[number], number[]>

/** A line that was taken at first, until another line gave other values for the same bar: neither is used. */
export type Contradiction = { line: number; reason: string; bar: BarRow }

/**
 * Takes rows in the order of their file and keeps those that can be trusted, in columns by symbol. A symbol's sessions
 * must ascend. The same bar given twice counts once; given twice with other values it is not used at all, for nothing
 * says which is right. Memory: about 90 bytes a row.
 */
export class BarIntake {
  private readonly latestSession: string
  private readonly nameOf: (line: number) => string
  private readonly columns = new Map<string, Column>()
  private readonly contradictions = new Map<string, Contradiction>()

  /** `nameOf` is what reasons call a line. */
  constructor(latestSession: string, nameOf = (line: number) => `line ${line}`) {
    this.latestSession = latestSession
    this.nameOf = nameOf
  }

  /** The reason why the row is refused, or undefined when it was taken. */
  offer(bar: BarRow, line: number): string | undefined {
    const refusal = refuseBar(bar, this.latestSession)
    if (refusal !== undefined) return refusal
    const column = this.columnOf(bar.symbol)
    const last = column.sessions.at(-1)
    if (last === undefined || bar.session > last) {
      column.sessions.push(bar.session)
      column.lines.push(line)
      for (const field of numbers) column[field].push(bar[field] ?? Number.NaN)
      return undefined
    }
    const row = find(column.sessions, bar.session)
    if (row === undefined) return `session ${bar.session} comes after ${last}: sort the file by symbol and session`
    const first = column.lines[row]!
    if (!column.contradicted.has(row) && numbers.every((field) => Object.is(column[field][row], bar[field] ?? Number.NaN)))
      return `repeats ${this.nameOf(first)} with the same values`
    column.contradicted.add(row)
    this.contradictions.set(`${bar.symbol} ${bar.session}`, {
      line: first,
      reason: `contradicted by ${this.nameOf(line)}, which gives other values for the same bar`,
      bar: rowOf(bar.symbol, column, row),
    })
    return `gives other values than ${this.nameOf(first)} for the same bar`
  }

  /** First lines that later lines contradicted; complete only when every row was offered. */
  contradicted(): Contradiction[] {
    return [...this.contradictions.values()]
  }

  /** The bars that were taken, by symbol, with `knownAt` assumed. */
  bars(): BarColumns[] {
    return [...this.columns]
      .map(([symbol, column]) => columnsOf(symbol, column))
      .filter((bars) => bars.sessions.length > 0)
      .sort((a, b) => compareText(a.symbol, b.symbol))
  }

  private columnOf(symbol: string): Column {
    let column = this.columns.get(symbol)
    if (column === undefined) {
      const [open, high, low, close, volume, vwap, adjustedClose] = numbers.map((): number[] => []) as Seven
      column = { sessions: [], lines: [], contradicted: new Set(), open, high, low, close, volume, vwap, adjustedClose }
      this.columns.set(symbol, column)
    }
    return column
  }
}

function columnsOf(symbol: string, column: Column): BarColumns {
  const kept = <T>(values: readonly T[]) =>
    column.contradicted.size === 0 ? [...values] : values.filter((_, row) => !column.contradicted.has(row))
  const sessions = kept(column.sessions)
  return {
    symbol,
    sessions,
    open: Float64Array.from(kept(column.open)),
    high: Float64Array.from(kept(column.high)),
    low: Float64Array.from(kept(column.low)),
    close: Float64Array.from(kept(column.close)),
    volume: Float64Array.from(kept(column.volume)),
    vwap: columnIfAny(Float64Array.from(kept(column.vwap))),
    adjustedClose: columnIfAny(Float64Array.from(kept(column.adjustedClose))),
    knownAt: sessions.map(assumedKnownAt),
  }
}

const rowOf = (symbol: string, column: Column, row: number): BarRow => ({
  symbol,
  session: column.sessions[row]!,
  open: column.open[row]!,
  high: column.high[row]!,
  low: column.low[row]!,
  close: column.close[row]!,
  volume: column.volume[row]!,
  vwap: column.vwap[row]!,
  adjustedClose: column.adjustedClose[row]!,
})

/** Binary search in ascending text. */
function find(sorted: readonly string[], wanted: string): number | undefined {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = sorted[middle]!
    if (found === wanted) return middle
    if (found < wanted) low = middle + 1
    else high = middle - 1
  }
  return undefined
}
