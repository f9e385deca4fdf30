/**
 * Reads most lines of bars byte by byte, without making text of them: those whose symbol and date were read before by the
 * strict rules of `parseRow`, and whose numbers are plain decimals. Every other line is left to those rules, so that this
 * is a faster way to the same answer and never another one.
 *
 * A decimal of at most 15 digits is an integer below 2^53 over a power of ten that a double holds exactly; their quotient
 * is rounded once, so it is the double that is nearest, the one that `Number` gives. Longer decimals are left to `Number`.
 *
 * Cost: about 0.4 µs a line. Memory: one entry for each symbol and date.
 */
import type { BarRow } from '#domain/market/parse-row.ts'
import type { Line } from './lines.ts'

/** A column of the file: what it holds, or undefined when it means nothing here. */
export type PlainColumn = keyof BarRow | undefined

const comma = 0x2c
const dot = 0x2e
const dash = 0x2d
const zero = 0x30
const exactDigits = 15
const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent)

const dateBytes = 10
const digitPlaces = [0, 1, 2, 3, 5, 6, 8, 9]

export class PlainRows {
  private readonly columns: readonly PlainColumn[]
  private readonly symbols = new Map<string, string>()
  private readonly sessions = new Map<number, string>()
  /** where the field that was read last ends */
  private end = 0
  private latestSymbol = ''
  private latestBytes = Buffer.alloc(0)

  constructor(columns: readonly PlainColumn[]) {
    this.columns = columns
  }

  /** The row of a plain line, or undefined when the line must be read strictly. */
  read({ block, start, end }: Line): BarRow | undefined {
    const row: BarRow = { symbol: '', session: '', open: 0, high: 0, low: 0, close: 0, volume: 0, adjustedClose: Number.NaN }
    let from = start
    const last = this.columns.length - 1
    for (let column = 0; column <= last; column++) {
      const field = this.columns[column]
      switch (field) {
        case undefined:
          if (!this.skip(block, from, end)) return undefined
          break
        case 'symbol': {
          const symbol = this.symbol(block, from, end)
          if (symbol === undefined) return undefined
          row.symbol = symbol
          break
        }
        case 'session': {
          const session = this.session(block, from)
          if (session === undefined) return undefined
          row.session = session
          break
        }
        case 'open':
        case 'high':
        case 'low':
        case 'close':
        case 'volume':
        case 'vwap':
        case 'adjustedClose': {
          const value = this.number(block, from, end)
          const mayBeEmpty = field === 'vwap' || field === 'adjustedClose'
          if (Number.isNaN(value) && (!mayBeEmpty || this.end !== from)) return undefined
          row[field] = value
          break
        }
        default:
          field satisfies never
      }
      if (column < last ? this.end >= end || block[this.end] !== comma : this.end !== end) return undefined
      from = this.end + 1
    }
    return row
  }

  /** Remembers how a strictly read row wrote its symbol and date. */
  learn(written: { symbol: string; session: string }, row: BarRow): void {
    this.symbols.set(written.symbol, row.symbol)
    const bytes = Buffer.from(written.session)
    const key = bytes.length === dateBytes ? dateKey(bytes, 0) : undefined
    if (key !== undefined) this.sessions.set(key, row.session)
  }

  private skip(block: Buffer, from: number, end: number): boolean {
    let at = from
    for (; at < end && block[at] !== comma; at++) if (block[at] === 0x22) return false
    this.end = at
    return true
  }

  private symbol(block: Buffer, from: number, end: number): string | undefined {
    let at = from
    while (at < end && block[at] !== comma) at++
    this.end = at
    if (this.isLatest(block, from, at)) return this.latestSymbol
    // one byte a character: other letters give other text than the strict reading has learnt
    const symbol = this.symbols.get(block.toString('latin1', from, at))
    if (symbol === undefined) return undefined
    this.latestSymbol = symbol
    this.latestBytes = Buffer.from(block.subarray(from, at))
    return symbol
  }

  /** Files are mostly sorted by symbol. */
  private isLatest(block: Buffer, from: number, end: number): boolean {
    const { latestBytes } = this
    if (latestBytes.length === 0 || end - from !== latestBytes.length) return false
    for (let at = 0; at < latestBytes.length; at++) if (block[from + at] !== latestBytes[at]) return false
    return true
  }

  private session(block: Buffer, from: number): string | undefined {
    const key = dateKey(block, from)
    if (key === undefined) return undefined
    this.end = from + dateBytes
    return this.sessions.get(key)
  }

  /** A plain decimal, or NaN. */
  private number(block: Buffer, from: number, end: number): number {
    let mantissa = 0
    let digits = 0
    let point = -1
    let at = from
    for (; at < end; at++) {
      const byte = block[at]!
      const digit = byte - zero
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit
        digits++
      } else if (byte === dot && point < 0) point = digits
      else break
    }
    this.end = at
    if (digits === 0) return Number.NaN
    if (digits > exactDigits) return Number(block.toString('latin1', from, at))
    return point < 0 ? mantissa : mantissa / powersOfTen[digits - point]!
  }
}

/** The digits of a date as one number, or undefined when they do not stand as in YYYY-MM-DD. */
function dateKey(bytes: Buffer, from: number): number | undefined {
  if (from + dateBytes > bytes.length || bytes[from + 4] !== dash || bytes[from + 7] !== dash) return undefined
  let key = 0
  for (const place of digitPlaces) {
    const digit = bytes[from + place]! - zero
    if (digit < 0 || digit > 9) return undefined
    key = key * 10 + digit
  }
  return key
}
