import type { RowText } from '#domain/market/parse-row.ts'

export type Field = keyof RowText

/** Names that a header may use, without case, spaces and punctuation. */
const fieldOfHeader: Record<string, Field> = {
  symbol: 'symbol',
  ticker: 'symbol',
  session: 'session',
  date: 'session',
  open: 'open',
  high: 'high',
  low: 'low',
  close: 'close',
  volume: 'volume',
  vwap: 'vwap',
  adjclose: 'adjustedClose',
  adjustedclose: 'adjustedClose',
}

/** The field that a column is, or undefined for one that means nothing here. */
export const fieldNamed = (name: string): Field | undefined => fieldOfHeader[name.toLowerCase().replaceAll(/[^a-z]/g, '')]
