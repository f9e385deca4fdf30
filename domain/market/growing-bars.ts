import { type BarColumns, mapNumbers } from './bars.ts'

/** Two months of sessions. */
const room = 48

const names = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const

/**
 * Rows of one symbol, in memory that has room for more: of one snapshot after another, which has the rows of the one before
 * and some more, only these are copied. What was answered stays as it is, for later rows lie behind its end.
 */
export class GrowingBars {
  /** How many rows there is memory for. */
  readonly rows: number
  private readonly firstRows: number
  private readonly columns: ReturnType<typeof mapNumbers>
  private readonly sessions: string[]
  private readonly knownAt: string[]

  constructor(first: BarColumns) {
    this.firstRows = first.sessions.length
    this.rows = this.firstRows + room
    const present = names.filter((name) => first[name] !== undefined)
    const values = new Float64Array(present.length * this.rows)
    let at = 0
    this.columns = mapNumbers(first, (column) => {
      values.set(column, at)
      at += this.rows
      return values.subarray(at - this.rows, at)
    })
    this.sessions = [...first.sessions]
    this.knownAt = [...first.knownAt]
  }

  /**
   * The first rows, and those of `later` behind them, as `joinBars`; nothing when the rows that were there before are others,
   * or there is no room, or a column that the first rows have not.
   */
  with(later: BarColumns): BarColumns | undefined {
    const from = this.firstRows
    const to = from + later.sessions.length
    if (to > this.rows || names.some((name) => later[name] !== undefined && this.columns[name] === undefined)) return undefined
    const known = Math.min(to, this.sessions.length)
    for (let row = from; row < known; row++) if (!this.isAt(row, later, row - from)) return undefined
    for (let row = known; row < to; row++) {
      for (const name of names) {
        const column = this.columns[name]
        if (column !== undefined) column[row] = later[name]?.[row - from] ?? Number.NaN
      }
      this.sessions.push(later.sessions[row - from]!)
      if (later.knownAt.length > 0) this.knownAt.push(later.knownAt[row - from]!)
    }
    return {
      symbol: later.symbol,
      sessions: this.sessions.slice(0, to),
      ...mapNumbers(this.columns, (column) => column.subarray(0, to)),
      knownAt: this.knownAt.slice(0, to),
    }
  }

  private isAt(row: number, other: BarColumns, at: number): boolean {
    return (
      this.sessions[row] === other.sessions[at] &&
      this.knownAt[row] === other.knownAt[at] &&
      names.every((name) => Object.is(this.columns[name]?.[row] ?? Number.NaN, other[name]?.[at] ?? Number.NaN))
    )
  }
}
