import type { BarColumns } from '#domain/market/bars.ts'
import { assumedKnownAt, sessionOf } from '#domain/market/session-days.ts'

/** Bars with the given closes on consecutive days from 2020-01-01; open, high and low are set around them. */
export function barsOf(
  closes: readonly number[],
  options: { symbol?: string; adjustedClose?: readonly number[]; firstDay?: number } = {},
): BarColumns {
  const sessions = closes.map((_, i) => sessionOf((options.firstDay ?? 18_262) + i))
  const close = Float64Array.from(closes)
  return {
    symbol: options.symbol ?? 'TEST',
    sessions,
    open: close.slice(),
    high: close.map((value) => value * 1.01),
    low: close.map((value) => value * 0.99),
    close,
    volume: close.map(() => 1_000),
    adjustedClose: options.adjustedClose === undefined ? undefined : Float64Array.from(options.adjustedClose),
    knownAt: sessions.map(assumedKnownAt),
  }
}
