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
import { createHash, type Hash } from 'node:crypto'
import { compareActions, compareText, type CorporateAction } from './actions.ts'
import { type BarColumns, columnIfAny } from './bars.ts'
import { dayOf } from './session-days.ts'

export type KnownAtBasis = 'observed' | 'assumed'

export type SymbolIdentity = { symbol: string; contentSha256: string; provenanceSha256: string }

/** The id of a snapshot from what its symbols hash to, and from what it holds beside bars (`beside`), both in any order. */
export function snapshotIdentity(symbols: readonly SymbolIdentity[], knownAtBasis: KnownAtBasis, beside: readonly string[] = []): string {
  const hash = createHash('sha256')
  writeText(hash, 'quantloop/snapshot/1')
  writeText(hash, knownAtBasis)
  writeCount(hash, symbols.length)
  for (const part of [...symbols].sort((a, b) => compareText(a.symbol, b.symbol))) {
    writeText(hash, part.symbol)
    hash.update(part.contentSha256, 'hex').update(part.provenanceSha256, 'hex')
  }
  if (beside.length > 0) {
    writeText(hash, 'quantloop/beside/1')
    writeCount(hash, beside.length)
    for (const fact of [...beside].sort(compareText)) writeText(hash, fact)
  }
  return hash.digest('hex')
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
  const hash = createHash('sha256')
  writeBars(hash, bars)
  const own = actionsOf(bars.symbol, actions)
  writeCount(hash, own.length)
  for (const action of own) {
    writeSessions(hash, [action.exDate])
    writeText(hash, action.kind)
    writeNumbers(hash, [action.ratio ?? Number.NaN, action.cash ?? Number.NaN])
    if (action.kind !== 'rename' && action.kind !== 'delisting') continue
    writeText(hash, action.to ?? '')
    writeNumbers(hash, [action.return ?? Number.NaN])
  }
  return hash.digest('hex')
}

/** Raw bars of several symbols, ascending by symbol, without actions. */
export function barsSha256(pieces: readonly BarColumns[]): string {
  const hash = createHash('sha256')
  for (const bars of pieces) writeBars(hash, bars)
  return hash.digest('hex')
}

function writeBars(hash: Hash, bars: BarColumns): void {
  const vwap = bars.vwap && columnIfAny(bars.vwap)
  writeText(hash, vwap === undefined ? 'quantloop/bars/1' : 'quantloop/bars/2')
  writeText(hash, bars.symbol)
  writeCount(hash, bars.sessions.length)
  writeSessions(hash, bars.sessions)
  for (const column of [bars.open, bars.high, bars.low, bars.close, bars.volume, ...(vwap === undefined ? [] : [vwap])])
    writeNumbers(hash, column)
}

function provenanceSha256(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis): string {
  const hash = createHash('sha256')
  const own = actionsOf(bars.symbol, actions)
  writeText(hash, 'quantloop/provenance/1')
  // a column without any value is no column: files hold it as nulls
  const adjustedClose = bars.adjustedClose && columnIfAny(bars.adjustedClose)
  hash.update(Uint8Array.of(adjustedClose === undefined ? 0 : 1))
  if (adjustedClose !== undefined) writeNumbers(hash, adjustedClose)
  for (const action of own) writeText(hash, action.basis)
  if (knownAtBasis === 'observed') {
    writeNumbers(hash, bars.knownAt.map(Date.parse))
    writeNumbers(
      hash,
      own.map((action) => Date.parse(action.knownAt)),
    )
  }
  return hash.digest('hex')
}

const actionsOf = (symbol: string, actions: readonly CorporateAction[]) =>
  actions.filter((action) => action.symbol === symbol).sort(compareActions)

function writeText(hash: Hash, text: string): void {
  const bytes = Buffer.from(text, 'utf8')
  writeCount(hash, bytes.length)
  hash.update(bytes)
}

function writeCount(hash: Hash, count: number): void {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(count)
  hash.update(bytes)
}

function writeSessions(hash: Hash, sessions: readonly string[]): void {
  const bytes = Buffer.alloc(sessions.length * 4)
  sessions.forEach((session, i) => {
    const day = dayOf(session)
    if (day === undefined) throw new RangeError(`'${session}' is no date`)
    bytes.writeInt32LE(day, i * 4)
  })
  hash.update(bytes)
}

/** A DataView writes any NaN as given by the engine, so the canonical one is written by its bits. */
function writeNumbers(hash: Hash, values: ArrayLike<number>): void {
  const view = new DataView(new ArrayBuffer(values.length * 8))
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (Number.isNaN(value)) view.setBigUint64(i * 8, 0x7ff8000000000000n, true)
    else view.setFloat64(i * 8, value === 0 ? 0 : value, true)
  }
  hash.update(new Uint8Array(view.buffer))
}
