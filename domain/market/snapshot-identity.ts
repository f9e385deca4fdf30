/**
 * The identity of market data: SHA-256 over canonical bytes, independent of chunks, row order, machine and file format.
 *
 * Text is its length in UTF-8 bytes as u32, then the bytes. A session is its days since 1970-01-01 as i32, an instant
 * its milliseconds since then as f64. All numbers are little-endian; −0 is written as +0 and every NaN as
 * 0x7ff8000000000000. Symbols ascend by code unit, sessions by date, actions by `compareActions`.
 *
 *   content     text "quantloop/bars/1", text symbol, u32 rows, i32 session × rows, then f64 × rows of each of open,
 *               high, low, close, volume; or "quantloop/bars/2" where some bar has a vwap, and that behind the others;
 *               u32 actions, and of each: i32 exDate, text kind, f64 ratio, f64 cash
 *               (NaN where it has none); of a rename or delisting also text to (empty where it has none) and f64 return
 *   provenance  text "quantloop/provenance/1", u8 1 and f64 adjustedClose × rows, or u8 0 where the source has none at
 *               all; text basis of each action; and when `knownAt`s were observed, f64 knownAt × rows and × actions
 *   snapshot    text "quantloop/snapshot/1", text knownAt basis, u32 symbols, and of each: text symbol, 32 bytes
 *               content, 32 bytes provenance; then, when there is anything beside the bars: text
 *               "quantloop/beside/1", u32 facts, and text of each, ascending by code unit
 *
 * Content is all that a feature may read. An assumed `knownAt` is a rule, not an observation, and is not hashed.
 */
import { createHash } from 'node:crypto'
import { compareActions, compareText, type CorporateAction } from './actions.ts'
import { type BarColumns, columnIfAny } from './bars.ts'
import { dayOrThrow, daysOf } from './session-days.ts'

export type KnownAtBasis = 'observed' | 'assumed'

export type SymbolIdentity = { symbol: string; contentSha256: string; provenanceSha256: string }

/** The id of a snapshot from what its symbols hash to, and from what it holds beside bars (`beside`), both in any order. */
export function snapshotIdentity(symbols: readonly SymbolIdentity[], knownAtBasis: KnownAtBasis, beside: readonly string[] = []): string {
  const hash = new CanonicalHash()
  hash.text('quantloop/snapshot/1')
  hash.text(knownAtBasis)
  hash.count(symbols.length)
  for (const part of [...symbols].sort((a, b) => compareText(a.symbol, b.symbol))) {
    hash.text(part.symbol)
    hash.bytes(Buffer.from(part.contentSha256 + part.provenanceSha256, 'hex'))
  }
  if (beside.length > 0) {
    hash.text('quantloop/beside/1')
    hash.count(beside.length)
    for (const fact of [...beside].sort(compareText)) hash.text(fact)
  }
  return hash.hex()
}

/** Both hashes of one symbol; actions of other symbols are ignored. */
export function symbolIdentity(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis): SymbolIdentity {
  return {
    symbol: bars.symbol,
    contentSha256: symbolContentSha256(bars, actions),
    provenanceSha256: provenanceSha256(bars, actions, knownAtBasis),
  }
}

/** What a cached feature column reads: raw bars and the size and date of every action. */
export function symbolContentSha256(bars: BarColumns, actions: readonly CorporateAction[]): string {
  const hash = new CanonicalHash()
  writeBars(hash, allOf(bars))
  const own = actionsOf(bars.symbol, actions)
  hash.count(own.length)
  for (const action of own) {
    hash.days(Int32Array.of(dayOrThrow(action.exDate)))
    hash.text(action.kind)
    hash.numbers([action.ratio ?? Number.NaN, action.cash ?? Number.NaN])
    if (action.kind !== 'rename' && action.kind !== 'delisting') continue
    hash.text(action.to ?? '')
    hash.numbers([action.return ?? Number.NaN])
  }
  return hash.hex()
}

/** Rows `from` (inclusive) to `to` (exclusive) of bars; `days` are those of all their sessions. */
export type BarRange = { bars: BarColumns; days: Int32Array; from: number; to: number }

export const allOf = (bars: BarColumns): BarRange => ({ bars, days: daysOf(bars.sessions), from: 0, to: bars.sessions.length })

/** Raw bars of several symbols, ascending by symbol, without actions. */
export function barsSha256(ranges: readonly BarRange[]): string {
  const hash = new CanonicalHash()
  for (const range of ranges) writeBars(hash, range)
  return hash.hex()
}

function writeBars(hash: CanonicalHash, { bars, days, from, to }: BarRange): void {
  const vwap = bars.vwap && columnIfAny(bars.vwap.subarray(from, to))
  hash.text(vwap === undefined ? 'quantloop/bars/1' : 'quantloop/bars/2')
  hash.text(bars.symbol)
  hash.count(to - from)
  hash.days(days, from, to)
  hash.numbers(bars.open, from, to)
  hash.numbers(bars.high, from, to)
  hash.numbers(bars.low, from, to)
  hash.numbers(bars.close, from, to)
  hash.numbers(bars.volume, from, to)
  if (vwap !== undefined) hash.numbers(vwap)
}

function provenanceSha256(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis): string {
  const hash = new CanonicalHash()
  const own = actionsOf(bars.symbol, actions)
  hash.text('quantloop/provenance/1')
  // a column without any value is no column: files hold it as nulls
  const adjustedClose = bars.adjustedClose && columnIfAny(bars.adjustedClose)
  hash.bytes([adjustedClose === undefined ? 0 : 1])
  if (adjustedClose !== undefined) hash.numbers(adjustedClose)
  for (const action of own) hash.text(action.basis)
  if (knownAtBasis === 'observed') {
    hash.numbers(bars.knownAt.map(Date.parse))
    hash.numbers(own.map((action) => Date.parse(action.knownAt)))
  }
  return hash.hex()
}

const actionsOf = (symbol: string, actions: readonly CorporateAction[]) =>
  actions.filter((action) => action.symbol === symbol).sort(compareActions)

/** Bytes that are gathered before they are hashed: a call of the hash costs as much as the numbers of a month. */
const gatheredBytes = 65_536
/** So many and more are hashed where they lie. */
const rowsInPlace = 512

/** Whether no value is a NaN or −0, which have bits that must not be hashed as they are. */
function isCanonical(values: Float64Array, from: number, to: number): boolean {
  for (let row = from; row < to; row++) {
    const value = values[row]!
    if (Number.isNaN(value) || Object.is(value, -0)) return false
  }
  return true
}

/** The hash of values in their canonical bytes. */
class CanonicalHash {
  private readonly hash = createHash('sha256')
  private readonly gathered = gathered.pop() ?? new DataView(new ArrayBuffer(gatheredBytes))
  private readonly octets = new Uint8Array(this.gathered.buffer)
  private end = 0

  bytes(bytes: ArrayLike<number>): void {
    for (let at = 0; at < bytes.length; at++) this.gathered.setUint8(this.place(1), bytes[at]!)
  }

  text(text: string): void {
    const bytes = Buffer.from(text, 'utf8')
    this.count(bytes.length)
    this.bytes(bytes)
  }

  count(count: number): void {
    this.gathered.setUint32(this.place(4), count, true)
  }

  days(days: Int32Array, from = 0, to = days.length): void {
    for (let row = from; row < to; row++) this.gathered.setInt32(this.place(4), days[row]!, true)
  }

  numbers(values: ArrayLike<number>, from = 0, to = values.length): void {
    if (to - from >= rowsInPlace && values instanceof Float64Array && isCanonical(values, from, to)) this.inPlace(values.subarray(from, to))
    else this.oneByOne(values, from, to)
  }

  /** A DataView writes any NaN as given by the engine, so the canonical one is written by its bits. */
  private oneByOne(values: ArrayLike<number>, from: number, to: number): void {
    for (let row = from; row < to; row++) {
      const value = values[row]!
      const at = this.place(8)
      if (Number.isNaN(value)) {
        this.gathered.setUint32(at, 0, true)
        this.gathered.setUint32(at + 4, 0x7ff80000, true)
      } else this.gathered.setFloat64(at, value === 0 ? 0 : value, true)
    }
  }

  /** Numbers as they lie in memory, which is little-endian on every machine that this runs on. */
  private inPlace({ buffer, byteOffset, byteLength }: Float64Array): void {
    this.flush()
    this.hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }

  /** The digest, after which nothing more may be added. */
  hex(): string {
    this.flush()
    gathered.push(this.gathered)
    return this.hash.digest('hex')
  }

  private place(bytes: number): number {
    if (this.end + bytes > gatheredBytes) this.flush()
    const at = this.end
    this.end += bytes
    return at
  }

  private flush(): void {
    this.hash.update(this.octets.subarray(0, this.end))
    this.end = 0
  }
}

/** Memory of hashes that are done, for the next ones. */
const gathered: DataView<ArrayBuffer>[] = []
