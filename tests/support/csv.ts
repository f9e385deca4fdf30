import type { BarColumns } from '#domain/market/bars.ts'

/** Bars as a source would deliver them. */
export const csvOf = (bars: readonly BarColumns[]): string =>
  [
    'symbol,date,open,high,low,close,volume',
    ...bars.flatMap(({ symbol, sessions, open, high, low, close, volume }) =>
      sessions.map((session, row) => [symbol, session, open[row], high[row], low[row], close[row], volume[row]].join(',')),
    ),
  ].join('\n')

/** The rows that are kept. */
export const rowsOf = (bars: BarColumns, keep: (row: number) => boolean): BarColumns => {
  const kept = bars.sessions.map((_, row) => row).filter(keep)
  const column = (values: Float64Array) => Float64Array.from(kept, (row) => values[row]!)
  const { open, high, low, close, volume } = bars
  return {
    ...bars,
    sessions: kept.map((row) => bars.sessions[row]!),
    open: column(open),
    high: column(high),
    low: column(low),
    close: column(close),
    volume: column(volume),
    knownAt: kept.map((row) => bars.knownAt[row]!),
  }
}

/** The same bars with one more share traded in some rows. */
export const traded = (bars: BarColumns, revised: readonly number[]): BarColumns => ({
  ...bars,
  volume: bars.volume.map((volume, row) => (revised.includes(row) ? volume + 1 : volume)),
})
