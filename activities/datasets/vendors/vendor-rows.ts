import type { BarRow } from '#domain/market/parse-row.ts'

const numbers = ['open', 'high', 'low', 'close', 'volume'] as const

type Values = Record<(typeof numbers)[number], number | null | undefined> & {
  vwap?: number
  adjustedClose?: number | null | undefined
}

/** A bar of a vendor's numbers, or which of them is missing. */
export function vendorRow(symbol: string, session: string, values: Values): BarRow | { reason: string } {
  const row: BarRow = { symbol, session, open: 0, high: 0, low: 0, close: 0, volume: 0, adjustedClose: values.adjustedClose ?? Number.NaN }
  for (const field of numbers) {
    const value = values[field]
    if (value === null || value === undefined) return { reason: `${field} of ${symbol} on ${session} is missing` }
    if (!Number.isFinite(value)) return { reason: `${field} of ${symbol} on ${session} is not finite` }
    row[field] = value
  }
  if (values.vwap !== undefined) row.vwap = values.vwap
  return row
}
