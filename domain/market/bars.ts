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
export function columnIfAny(values: Float64Array): Float64Array | undefined {
  for (let row = 0; row < values.length; row++) if (!Number.isNaN(values[row])) return values
  return undefined
}

/** Whether some row of the bars has a vwap. */
export const hasVwap = ({ vwap }: Pick<BarColumns, 'vwap'>): boolean => vwap !== undefined && columnIfAny(vwap) !== undefined

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

/** The rows of one symbol in parts, the first of them first, in one piece of memory of their own: a thread is sent it as a whole. */
export function joinBars(...parts: readonly [BarColumns, ...BarColumns[]]): BarColumns {
  const rows = parts.reduce((sum, { sessions }) => sum + sessions.length, 0)
  const joined = (['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const).filter((name) =>
    parts.some((part) => part[name] !== undefined),
  )
  const values = new Float64Array(joined.length * rows)
  const column = (name: (typeof joined)[number]): Float64Array | undefined => {
    const index = joined.indexOf(name)
    if (index === -1) return undefined
    let at = index * rows
    for (const part of parts) {
      const own = part[name]
      if (own === undefined) values.fill(Number.NaN, at, at + part.sessions.length)
      else values.set(own, at)
      at += part.sessions.length
    }
    return new Float64Array(values.buffer, index * rows * values.BYTES_PER_ELEMENT, rows)
  }
  return {
    symbol: parts[0].symbol,
    sessions: joinTexts(parts.map(({ sessions }) => sessions)),
    open: column('open')!,
    high: column('high')!,
    low: column('low')!,
    close: column('close')!,
    volume: column('volume')!,
    vwap: column('vwap'),
    adjustedClose: column('adjustedClose'),
    knownAt: joinTexts(parts.map(({ knownAt }) => knownAt)),
  }
}

/** Whole arrays at once: item by item they take as long as all numbers together. */
const joinTexts = (parts: readonly string[][]): string[] => ([] as string[]).concat(...parts)
