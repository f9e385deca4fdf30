/**
 * Bars out of the Parquet files that `encode-bars.ts` writes, as far as features read them. A chunk of a month is a few
 * kilobytes, and asking DuckDB for it takes many times as long as reading it.
 *
 * Cost: linear. Memory: the columns.
 */
import { brotliDecompressSync } from 'node:zlib'
import { type BarColumns, columnIfAny } from '#domain/market/bars.ts'
import { sessionOf, textsOf } from '#domain/market/session-days.ts'
import { codecs, writer } from './encode-bars.ts'
import { type ReadStruct, ThriftReader } from './thrift.ts'

/** A column's pages lie one behind the other, from `at` on. */
type Column = { at: number; codec: number }

/**
 * The bars of a file, one piece a symbol, without `knownAt` and the vendor's adjusted close; nothing when another program
 * wrote it. @throws RangeError when it does not hold what its footer says
 */
export function decodeBars(bytes: Uint8Array): BarColumns[] | undefined {
  const footer = footerOf(bytes)
  if (textOf(footer.get(6)) !== writer) return undefined
  const rows = footer.get(3) as number
  const [group] = footer.get(4) as readonly ReadStruct[]
  const columns = new Map((group!.get(1) as readonly ReadStruct[]).map((chunk) => columnOf(chunk.get(3) as ReadStruct)))
  const number = (name: string) => floatsOf(pagesOf(bytes, columns.get(name)!, 1)[0]!)
  const [open, high, low, close, volume] = ['open', 'high', 'low', 'close', 'volume'].map(number) as Columns
  const days = integersOf(pagesOf(bytes, columns.get('session')!, 1)[0]!)
  const vwap = columns.has('vwap') ? whereGiven(pagesOf(bytes, columns.get('vwap')!, 1)[0]!, rows) : undefined
  const pieces: BarColumns[] = []
  let from = 0
  for (const { symbol, count } of symbolsOf(pagesOf(bytes, columns.get('symbol')!, 2), rows)) {
    const part = (column: Float64Array) => column.slice(from, from + count)
    pieces.push({
      symbol,
      sessions: textsOf(days.subarray(from, from + count), sessionOf),
      open: part(open),
      high: part(high),
      low: part(low),
      close: part(close),
      volume: part(volume),
      ...(vwap && { vwap: columnIfAny(part(vwap)) }),
      adjustedClose: undefined,
      knownAt: [],
    })
    from += count
  }
  return pieces
}

type Columns = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

/** Before the last eight bytes, which tell its length. */
function footerOf(bytes: Uint8Array): ReadStruct {
  const end = bytes.length - 8
  return new ThriftReader(bytes, end - uint32At(bytes, end)).struct()
}

const columnOf = (about: ReadStruct): [name: string, column: Column] => [
  textOf((about.get(3) as readonly unknown[])[0]),
  { at: (about.get(11) ?? about.get(9)) as number, codec: about.get(4) as number },
]

/** The first pages of a column. */
function pagesOf(bytes: Uint8Array, { at, codec }: Column, count: number): Uint8Array[] {
  const reader = new ThriftReader(bytes, at)
  return Array.from({ length: count }, () => {
    const length = reader.struct().get(3) as number
    const body = bytes.subarray(reader.at, reader.at + length)
    reader.at += length
    return codec === codecs.brotli ? brotliDecompressSync(body) : body
  })
}

/** Runs of symbols, each by its number among the texts of the dictionary. */
function* symbolsOf([dictionary, runs]: readonly Uint8Array[], rows: number): Generator<{ symbol: string; count: number }> {
  const names: string[] = []
  for (let at = 0; at < dictionary!.length;) {
    const length = uint32At(dictionary!, at)
    names.push(textOf(dictionary!.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  const bytesEach = Math.ceil(runs![0]! / 8)
  for (const { value, count } of runsOf(runs!.subarray(1), bytesEach, rows)) yield { symbol: names[value]!, count }
}

/** The same number some times over, as Parquet's run-length encoding has it. */
function* runsOf(bytes: Uint8Array, bytesEach: number, rows: number): Generator<{ value: number; count: number }> {
  const reader = new ThriftReader(bytes, 0)
  for (let row = 0; row < rows;) {
    const count = reader.varint() / 2
    let value = 0
    for (let index = 0; index < bytesEach; index++) value += bytes[reader.at++]! << (8 * index)
    yield { value, count }
    row += count
  }
}

/** Values where runs of 1 say that there is one, NaN elsewhere. */
function whereGiven(page: Uint8Array, rows: number): Float64Array {
  const levels = uint32At(page, 0)
  const values = floatsOf(page.subarray(4 + levels))
  const column = new Float64Array(rows).fill(Number.NaN)
  let [row, next] = [0, 0]
  for (const { value, count } of runsOf(page.subarray(4, 4 + levels), 1, rows)) {
    if (value === 1) column.set(values.subarray(next, (next += count)), row)
    row += count
  }
  return column
}

const uint32At = (bytes: Uint8Array, at: number): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)

const textOf = (bytes: unknown): string => (bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : '')

/** Numbers in memory of their own, for they may lie anywhere. */
const floatsOf = (bytes: Uint8Array) => new Float64Array(Uint8Array.from(bytes).buffer)
const integersOf = (bytes: Uint8Array) => new Int32Array(Uint8Array.from(bytes).buffer)
