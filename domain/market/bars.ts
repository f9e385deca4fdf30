/** Daily bars of one symbol in columns: rows ascending by session, raw prices per share, volume in shares. */
export type BarColumns = {
  symbol: string
  /** ISO dates, strictly ascending */
  sessions: string[]
  open: Float64Array
  high: Float64Array
  low: Float64Array
  close: Float64Array
  volume: Float64Array
  /** the volume-weighted average price; absent when the source has none, NaN where it has none for a session */
  vwap?: Float64Array | undefined
  /** the vendor's, as a check; absent when the source has none, NaN where it has none for a session */
  adjustedClose: Float64Array | undefined
  /** ISO timestamps */
  knownAt: string[]
}

/** Columns that some sources have and others lack. */
export const optionalColumns: readonly string[] = ['vwap']

type Numbers = Pick<BarColumns, 'open' | 'high' | 'low' | 'close' | 'volume' | 'vwap' | 'adjustedClose'>

/** Every column of numbers that bars have, each made into another. */
export const mapNumbers = (
  { open, high, low, close, volume, vwap, adjustedClose }: Numbers,
  of: (column: Float64Array) => Float64Array,
): Numbers => ({
  open: of(open),
  high: of(high),
  low: of(low),
  close: of(close),
  volume: of(volume),
  ...(vwap === undefined ? {} : { vwap: of(vwap) }),
  adjustedClose: adjustedClose && of(adjustedClose),
})

/** A column that not every source has; undefined when it holds no value. */
export const columnIfAny = (values: Float64Array): Float64Array | undefined =>
  values.some((value) => !Number.isNaN(value)) ? values : undefined

export const noBars = (symbol: string): BarColumns => {
  const [open, high, low, close, volume] = Array.from({ length: 5 }, () => new Float64Array()) as Columns
  return { symbol, sessions: [], open, high, low, close, volume, adjustedClose: undefined, knownAt: [] }
}

type Columns = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

/** Rows `from` (inclusive) to `to` (exclusive), as views on the same memory. */
export const sliceBars = (bars: BarColumns, from: number, to: number): BarColumns => ({
  symbol: bars.symbol,
  sessions: bars.sessions.slice(from, to),
  ...mapNumbers(bars, (column) => column.subarray(from, to)),
  knownAt: bars.knownAt.slice(from, to),
})

/** Rows `from` (inclusive) to `to` (exclusive), in memory of their own: a thread is sent these and not the rest. */
export const copyBars = (bars: BarColumns, from: number, to: number): BarColumns => ({
  symbol: bars.symbol,
  sessions: bars.sessions.slice(from, to),
  ...mapNumbers(bars, (column) => column.slice(from, to)),
  knownAt: bars.knownAt.slice(from, to),
})

/** The rows of one symbol with later ones behind them, in memory of their own. */
export function joinBars(before: BarColumns, after: BarColumns): BarColumns {
  const rows = before.sessions.length
  const join = (first: Float64Array | undefined, second: Float64Array | undefined) => {
    const joined = new Float64Array(rows + after.sessions.length).fill(Number.NaN)
    if (first !== undefined) joined.set(first)
    if (second !== undefined) joined.set(second, rows)
    return joined
  }
  const joinIfAny = (first: Float64Array | undefined, second: Float64Array | undefined) =>
    first === undefined && second === undefined ? undefined : join(first, second)
  return {
    symbol: before.symbol,
    sessions: [...before.sessions, ...after.sessions],
    open: join(before.open, after.open),
    high: join(before.high, after.high),
    low: join(before.low, after.low),
    close: join(before.close, after.close),
    volume: join(before.volume, after.volume),
    vwap: joinIfAny(before.vwap, after.vwap),
    adjustedClose: joinIfAny(before.adjustedClose, after.adjustedClose),
    knownAt: [...before.knownAt, ...after.knownAt],
  }
}
