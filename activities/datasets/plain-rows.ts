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

/** A column of the file: what it holds, or undefined when it means nothing here. */
export type PlainColumn = keyof BarRow | undefined

const lineFeed = 0x0a
const carriageReturn = 0x0d
const quote = 0x22
const comma = 0x2c
const dot = 0x2e
const dash = 0x2d
const zero = 0x30
const exactDigits = 15
const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent)

const dateBytes = 10

/** What is done with a column: numbers go to their place among `numbers`. */
const ignored = -1
const isSymbol = -2
const isSession = -3
const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const
/** From here on a number may be absent. */
const vwapAt = 5
const adjustedCloseAt = 6

export class PlainRows {
  /** where the line after the one that was read last begins */
  next = 0
  private readonly places: Int8Array
  private readonly hasVwap: boolean
  private readonly symbols = new Map<string, string>()
  private readonly sessions = new Map<number, string>()
  private readonly row: BarRow = { symbol: '', session: '', open: 0, high: 0, low: 0, close: 0, volume: 0, adjustedClose: 0 }
  private readonly values = new Float64Array(numbers.length)
  /** where the field that was read last ends */
  private end = 0
  private latestSymbol = ''
  private latestBytes = Buffer.alloc(0)

  constructor(columns: readonly PlainColumn[]) {
    this.places = Int8Array.from(columns, placeOf)
    this.hasVwap = columns.includes('vwap')
  }

  /**
   * The row of the plain line at `start`, or undefined when the line must be read strictly. It is the same object each time,
   * with other values.
   */
  read(bytes: Buffer, start: number): BarRow | undefined {
    const { row, values, places } = this
    values[vwapAt] = Number.NaN
    values[adjustedCloseAt] = Number.NaN
    const last = places.length - 1
    for (let column = 0, from = start; column <= last; column++) {
      const place = places[column]!
      if (place >= 0) {
        const value = this.number(bytes, from)
        if (Number.isNaN(value) && (place < vwapAt || this.end !== from)) return undefined
        values[place] = value
      } else if (place === isSymbol) {
        const symbol = this.symbol(bytes, from)
        if (symbol === undefined) return undefined
        row.symbol = symbol
      } else if (place === isSession) {
        const session = this.session(bytes, from)
        if (session === undefined) return undefined
        row.session = session
      } else if (!this.skip(bytes, from)) return undefined
      if (column < last && bytes[this.end] !== comma) return undefined
      from = this.end + 1
    }
    if (!this.endsLine(bytes)) return undefined
    row.open = values[0]!
    row.high = values[1]!
    row.low = values[2]!
    row.close = values[3]!
    row.volume = values[4]!
    if (this.hasVwap) row.vwap = values[vwapAt]!
    row.adjustedClose = values[adjustedCloseAt]
    return row
  }

  /** Remembers how a strictly read row wrote its symbol and date. */
  learn(written: { symbol: string; session: string }, row: BarRow): void {
    this.symbols.set(written.symbol, row.symbol)
    const bytes = Buffer.from(written.session)
    const key = bytes.length === dateBytes ? dateKey(bytes, 0) : undefined
    if (key !== undefined) this.sessions.set(key, row.session)
  }

  private endsLine(bytes: Buffer): boolean {
    let { end } = this
    if (bytes[end] === carriageReturn) end++
    this.next = end + 1
    return end >= bytes.length || bytes[end] === lineFeed
  }

  private skip(bytes: Buffer, from: number): boolean {
    let at = from
    for (; at < bytes.length && !endsField(bytes[at]!); at++) if (bytes[at] === quote) return false
    this.end = at
    return true
  }

  private symbol(bytes: Buffer, from: number): string | undefined {
    let at = from
    while (at < bytes.length && !endsField(bytes[at]!)) at++
    this.end = at
    if (this.isLatest(bytes, from, at)) return this.latestSymbol
    // one byte a character: other letters give other text than the strict reading has learnt
    const symbol = this.symbols.get(bytes.toString('latin1', from, at))
    if (symbol === undefined) return undefined
    this.latestSymbol = symbol
    this.latestBytes = Buffer.from(bytes.subarray(from, at))
    return symbol
  }

  /** Files are mostly sorted by symbol. */
  private isLatest(bytes: Buffer, from: number, end: number): boolean {
    const { latestBytes } = this
    if (latestBytes.length === 0 || end - from !== latestBytes.length) return false
    for (let at = 0; at < latestBytes.length; at++) if (bytes[from + at] !== latestBytes[at]) return false
    return true
  }

  private session(bytes: Buffer, from: number): string | undefined {
    const key = dateKey(bytes, from)
    if (key === undefined) return undefined
    this.end = from + dateBytes
    return this.sessions.get(key)
  }

  /** A plain decimal, or NaN. */
  private number(bytes: Buffer, from: number): number {
    let mantissa = 0
    let digits = 0
    let point = -1
    let at = from
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!
      const digit = byte - zero
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit
        digits++
      } else if (byte === dot && point < 0) point = digits
      else break
    }
    this.end = at
    if (digits === 0) return Number.NaN
    if (digits > exactDigits) return Number(bytes.toString('latin1', from, at))
    return point < 0 ? mantissa : mantissa / powersOfTen[digits - point]!
  }
}

function placeOf(column: PlainColumn): number {
  if (column === undefined) return ignored
  if (column === 'symbol') return isSymbol
  return column === 'session' ? isSession : numbers.indexOf(column)
}

const endsField = (byte: number) => byte === comma || byte === lineFeed || byte === carriageReturn

/** The digits of a date as one number, or undefined when they do not stand as in YYYY-MM-DD. */
function dateKey(bytes: Buffer, from: number): number | undefined {
  if (from + dateBytes > bytes.length || bytes[from + 4] !== dash || bytes[from + 7] !== dash) return undefined
  let key = 0
  for (let place = 0; place < dateBytes; place++) {
    if (place === 4 || place === 7) continue
    const digit = bytes[from + place]! - zero
    if (digit < 0 || digit > 9) return undefined
    key = key * 10 + digit
  }
  return key
}
