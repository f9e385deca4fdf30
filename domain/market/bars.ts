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
  /** the vendor's, as a check; absent when the source has none, NaN where it has none for a session */
  adjustedClose: Float64Array | undefined
  /** ISO timestamps */
  knownAt: string[]
}

export const noBars = (symbol: string): BarColumns => {
  const [open, high, low, close, volume] = Array.from({ length: 5 }, () => new Float64Array()) as Columns
  return { symbol, sessions: [], open, high, low, close, volume, adjustedClose: undefined, knownAt: [] }
}

type Columns = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

/** Rows `from` (inclusive) to `to` (exclusive), as views on the same memory. */
export function sliceBars(bars: BarColumns, from: number, to: number): BarColumns {
  return {
    symbol: bars.symbol,
    sessions: bars.sessions.slice(from, to),
    open: bars.open.subarray(from, to),
    high: bars.high.subarray(from, to),
    low: bars.low.subarray(from, to),
    close: bars.close.subarray(from, to),
    volume: bars.volume.subarray(from, to),
    adjustedClose: bars.adjustedClose?.subarray(from, to),
    knownAt: bars.knownAt.slice(from, to),
  }
}

/** Rows `from` (inclusive) to `to` (exclusive), in memory of their own: a thread is sent these and not the rest. */
export function copyBars(bars: BarColumns, from: number, to: number): BarColumns {
  return {
    symbol: bars.symbol,
    sessions: bars.sessions.slice(from, to),
    open: bars.open.slice(from, to),
    high: bars.high.slice(from, to),
    low: bars.low.slice(from, to),
    close: bars.close.slice(from, to),
    volume: bars.volume.slice(from, to),
    adjustedClose: bars.adjustedClose?.slice(from, to),
    knownAt: bars.knownAt.slice(from, to),
  }
}

/** The rows of one symbol with later ones behind them, in memory of their own. */
export function joinBars(before: BarColumns, after: BarColumns): BarColumns {
  const rows = before.sessions.length
  const join = (first: Float64Array | undefined, second: Float64Array | undefined) => {
    const joined = new Float64Array(rows + after.sessions.length).fill(Number.NaN)
    if (first !== undefined) joined.set(first)
    if (second !== undefined) joined.set(second, rows)
    return joined
  }
  return {
    symbol: before.symbol,
    sessions: [...before.sessions, ...after.sessions],
    open: join(before.open, after.open),
    high: join(before.high, after.high),
    low: join(before.low, after.low),
    close: join(before.close, after.close),
    volume: join(before.volume, after.volume),
    adjustedClose:
      before.adjustedClose === undefined && after.adjustedClose === undefined ? undefined : join(before.adjustedClose, after.adjustedClose),
    knownAt: [...before.knownAt, ...after.knownAt],
  }
}
