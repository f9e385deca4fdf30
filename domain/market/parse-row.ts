import { dayOf, sessionOf } from './session-days.ts'
import { readSymbol } from './symbols.ts'

export const barFields = ['symbol', 'session', 'open', 'high', 'low', 'close', 'volume'] as const
export type BarField = (typeof barFields)[number]

/** One row as its source wrote it; without `vwap` or `adjustedClose` where the source has no such column. */
export type RowText = Record<BarField, string> & { vwap?: string | undefined; adjustedClose?: string | undefined }

/** One row in numbers; `adjustedClose` is NaN where the source has none, and `vwap` too, or not there at all. */
export type BarRow = {
  symbol: string
  session: string
  open: number
  high: number
  low: number
  close: number
  volume: number
  vwap?: number
  adjustedClose: number
}

/** Why a row could not be read, and which bar it was to be, as far as that could be read. */
export type UnreadRow = { reason: string; symbol?: string; session?: string }

/** What a line may leave empty, and what messages call it. */
const optionalFields = [
  ['vwap', 'vwap'],
  ['adjustedClose', 'adjusted close'],
] as const

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const notFinite = /^[+-]?(?:nan|inf|infinity)$/i

/** Reads a row strictly, or says what is malformed in it. Nothing is guessed: no thousands separators, no other date orders. */
export function parseRow(text: RowText): BarRow | UnreadRow {
  const symbol = readSymbol(text.symbol)
  if (symbol === undefined) return { reason: `symbol '${shown(text.symbol)}' is not a ticker of at most 20 letters, digits and . ^ = -` }
  const day = dayOf(text.session)
  if (day === undefined) return { reason: `session '${shown(text.session)}' is not a date written YYYY-MM-DD`, symbol }
  const row: BarRow = {
    symbol,
    session: sessionOf(day),
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volume: 0,
    adjustedClose: Number.NaN,
  }
  for (const field of ['open', 'high', 'low', 'close', 'volume'] as const) {
    const value = parseNumber(field, text[field])
    if (typeof value !== 'number') return { ...value, symbol: row.symbol, session: row.session }
    row[field] = value
  }
  for (const [field, named] of optionalFields) {
    const written = text[field]
    if (written === undefined || written === '') continue
    const value = parseNumber(named, written)
    if (typeof value !== 'number') return { ...value, symbol: row.symbol, session: row.session }
    row[field] = value
  }
  return row
}

function parseNumber(field: string, text: string): number | { reason: string } {
  if (text === '') return { reason: `${field} is empty` }
  if (notFinite.test(text)) return { reason: `${field} '${shown(text)}' is not finite` }
  if (!decimal.test(text)) return { reason: `${field} '${shown(text)}' is not a number written like 1234.56` }
  const value = Number(text)
  if (!Number.isFinite(value)) return { reason: `${field} '${shown(text)}' is not finite` }
  return value === 0 ? 0 : value
}

const shown = (text: string) => (text.length <= 40 ? text : `${text.slice(0, 40)}…`)
