/**
 * Bars as one Parquet file of one row group, in the columns of the contract's `Bar`: numbers as they are (PLAIN), symbols
 * by number (RLE_DICTIONARY), `vwap` and `adjustedClose` null where there is none. A file of which no bar has a `vwap` has
 * no such column. Source: the Apache Parquet format, version 2.11.
 *
 * Prices of one symbol repeat each other's bytes, and the fastest Brotli finds that: dictionaries, which general writers
 * prefer, hide it, and take half as much room again. The bytes are a function of the rows and of Brotli's version.
 *
 * Cost: about 0.5 µs a bar. Memory: the file, and one of its columns.
 */
import { brotliCompressSync, constants } from 'node:zlib'
import { compareText } from '#domain/market/actions.ts'
import { type BarColumns, hasVwap } from '#domain/market/bars.ts'
import { dayOf, instantOf } from '#domain/market/session-days.ts'
import { type Struct, structBytes, writeVarint } from './thrift.ts'

const magic = Buffer.from('PAR1')
const types = { int32: 1, int64: 2, double: 5, byteArray: 6 } as const
const repetitions = { required: 0, optional: 1 } as const
const encodings = { plain: 0, rle: 3, rleDictionary: 8 } as const
export const codecs = { none: 0, brotli: 4 } as const
const fastest = 1
/** What files of ours are known by. */
export const writer = 'quantloop'
const pageTypes = { data: 0, dictionary: 2 } as const
const prices = ['open', 'high', 'low', 'close', 'volume'] as const

/** What a column's values stand for, as fields of its schema: a name of the first edition, or a type of the second. */
const text: Struct = [[6, 'i32', 0]]
const date: Struct = [[6, 'i32', 6]]
const milliseconds: Struct = [[1, 'struct', []]]
const withoutZone: Struct = [
  [1, 'bool', false],
  [2, 'struct', milliseconds],
]
const timestamp: Struct = [[10, 'struct', [[8, 'struct', withoutZone]]]]

type Column = {
  name: string
  type: number
  repetition: number
  meaning: Struct
  codec: number
  /** the texts that its values are the numbers of */
  dictionary?: { values: number; bytes: Uint8Array }
  encoding: number
  bytes: Uint8Array
}

type Page = { header: Uint8Array; body: Uint8Array; plainBytes: number }

/** A column's pages: that of its dictionary, where it has one, and that of its values. */
type Pages = readonly Page[]

/**
 * The rows of all pieces, one a symbol, ordered by symbol, then session. A column is compressed where it is laid out: handing
 * some kilobytes to another thread takes longer than compressing them.
 */
export function encodeBars(pieces: readonly BarColumns[]): Uint8Array {
  const ordered = pieces.toSorted((a, b) => compareText(a.symbol, b.symbol))
  const rows = ordered.reduce((sum, { sessions }) => sum + sessions.length, 0)
  const parts: Uint8Array[] = [magic]
  const chunks: Struct[] = []
  const columns: Struct[] = []
  let [end, plainBytes] = [magic.length, 0]
  for (const column of columnsOf(ordered, rows)) {
    const pages = pagesOf(column, rows)
    parts.push(...pages.flatMap(({ header, body }) => [header, body]))
    chunks.push(chunkStruct(column, { rows, from: end, pages }))
    columns.push(schemaStruct(column))
    end += sizeOf(pages)
    plainBytes += plainSizeOf(pages)
  }
  const rowGroup: Struct = [
    [1, 'structs', chunks],
    [2, 'i64', plainBytes],
    [3, 'i64', rows],
  ]
  const footer = structBytes([
    [1, 'i32', 1],
    [2, 'structs', [rootStruct(columns.length), ...columns]],
    [3, 'i64', rows],
    [4, 'structs', [rowGroup]],
    [6, 'text', writer],
  ])
  return Buffer.concat([...parts, footer, lengthBytes(footer.length), magic])
}

function* columnsOf(pieces: readonly BarColumns[], rows: number): Generator<Column> {
  const number = { type: types.double, repetition: repetitions.required, meaning: [], codec: codecs.brotli, encoding: encodings.plain }
  const { days, knownAt } = timesOf(pieces, rows)
  yield symbolColumn(pieces)
  yield { ...number, name: 'session', type: types.int32, meaning: date, bytes: bytesOf(days) }
  for (const name of prices) {
    const columns = pieces.map((bars) => bars[name])
    yield { ...number, name, bytes: bytesOf(joined(columns, rows)) }
  }
  const optional = (name: 'vwap' | 'adjustedClose'): Column => {
    const columns = pieces.map((bars) => bars[name])
    return { ...number, name, repetition: repetitions.optional, bytes: whereGiven(pieces, columns, rows) }
  }
  if (pieces.some(hasVwap)) yield optional('vwap')
  yield optional('adjustedClose')
  yield { ...number, name: 'knownAt', type: types.int64, meaning: timestamp, bytes: bytesOf(knownAt) }
}

/** A run of each symbol's number. */
function symbolColumn(pieces: readonly BarColumns[]): Column {
  const dictionary: Uint8Array[] = []
  const bits = Math.max(1, 32 - Math.clz32(pieces.length - 1))
  const runs = [bits]
  for (const [index, { symbol, sessions }] of pieces.entries()) {
    const name = Buffer.from(symbol)
    dictionary.push(lengthBytes(name.length), name)
    writeRun(runs, sessions.length, index, bits)
  }
  return {
    name: 'symbol',
    type: types.byteArray,
    repetition: repetitions.required,
    meaning: text,
    codec: codecs.none,
    dictionary: { values: pieces.length, bytes: Buffer.concat(dictionary) },
    encoding: encodings.rleDictionary,
    bytes: Uint8Array.from(runs),
  }
}

/** The days of sessions since 1970-01-01, and the milliseconds of `knownAt` as pairs of halves, low half first. */
function timesOf(pieces: readonly BarColumns[], rows: number): { days: Int32Array; knownAt: Int32Array } {
  const [days, knownAt] = [new Int32Array(rows), new Int32Array(2 * rows)]
  let from = 0
  let before: { bars: BarColumns; from: number } | undefined
  for (const bars of pieces) {
    for (let row = 0; row < bars.sessions.length; row++) {
      const at = from + row
      // most symbols of a chunk have the same sessions: their numbers are there already
      if (before !== undefined && bars.sessions[row] === before.bars.sessions[row] && bars.knownAt[row] === before.bars.knownAt[row]) {
        const same = before.from + row
        days[at] = days[same]!
        knownAt[2 * at] = knownAt[2 * same]!
        knownAt[2 * at + 1] = knownAt[2 * same + 1]!
        continue
      }
      const day = dayOf(bars.sessions[row]!)!
      const instant = instantOf(bars.knownAt[row]!, day)
      const high = Math.floor(instant / 2 ** 32)
      days[at] = day
      knownAt[2 * at] = instant - high * 2 ** 32
      knownAt[2 * at + 1] = high
    }
    before = { bars, from }
    from += bars.sessions.length
  }
  return { days, knownAt }
}

/** Which rows have one, in runs, and then the values of those. */
function whereGiven(pieces: readonly BarColumns[], columns: readonly (Float64Array | undefined)[], rows: number): Uint8Array {
  const values = new Float64Array(rows)
  const levels: number[] = []
  let [count, run, given] = [0, 0, false]
  for (const [index, { sessions }] of pieces.entries()) {
    const column = columns[index]
    for (let row = 0; row < sessions.length; row++) {
      const value = column === undefined ? Number.NaN : column[row]!
      if (given === Number.isNaN(value)) {
        if (run > 0) writeRun(levels, run, Number(given), 1)
        ;[run, given] = [0, !given]
      }
      run++
      if (given) values[count++] = value
    }
  }
  writeRun(levels, run, Number(given), 1)
  return Buffer.concat([lengthBytes(levels.length), Uint8Array.from(levels), bytesOf(values.subarray(0, count))])
}

/** The same number some times over, as Parquet's run-length encoding writes it. */
function writeRun(bytes: number[], times: number, value: number, bits: number): void {
  writeVarint(bytes, times * 2)
  for (let bit = 0; bit < bits; bit += 8) bytes.push((value >> bit) & 0xff)
}

function joined(columns: readonly Float64Array[], rows: number): Float64Array {
  const values = new Float64Array(rows)
  let from = 0
  for (const column of columns) {
    values.set(column, from)
    from += column.length
  }
  return values
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Int32Array | Float64Array) => new Uint8Array(buffer, byteOffset, byteLength)

function pagesOf({ dictionary, codec, encoding, bytes }: Column, rows: number): Pages {
  const values: Struct = [
    [1, 'i32', rows],
    [2, 'i32', encoding],
    [3, 'i32', encodings.rle],
    [4, 'i32', encodings.rle],
  ]
  const data = pageOf(bytes, codec, pageTypes.data, [5, 'struct', values])
  if (dictionary === undefined) return [data]
  const texts: Struct = [
    [1, 'i32', dictionary.values],
    [2, 'i32', encodings.plain],
  ]
  return [pageOf(dictionary.bytes, codec, pageTypes.dictionary, [7, 'struct', texts]), data]
}

function pageOf(plain: Uint8Array, codec: number, type: number, what: Struct[number]): Page {
  const body = codec === codecs.none ? plain : brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: fastest } })
  const header = structBytes([[1, 'i32', type], [2, 'i32', plain.length], [3, 'i32', body.length], what])
  return { header, body, plainBytes: plain.length }
}

const sizeOf = (pages: Pages) => pages.reduce((sum, { header, body }) => sum + header.length + body.length, 0)
const plainSizeOf = (pages: Pages) => pages.reduce((sum, { header, plainBytes }) => sum + header.length + plainBytes, 0)

const rootStruct = (columns: number): Struct => [
  [4, 'text', 'bars'],
  [5, 'i32', columns],
]

const schemaStruct = ({ name, type, repetition, meaning }: Column): Struct => [
  [1, 'i32', type],
  [3, 'i32', repetition],
  [4, 'text', name],
  ...meaning,
]

const chunkStruct = (
  { name, type, codec, encoding }: Column,
  { rows, from, pages }: { rows: number; from: number; pages: Pages },
): Struct => {
  const about: Struct = [
    [1, 'i32', type],
    [2, 'i32s', [...new Set([encodings.plain, encodings.rle, encoding])]],
    [3, 'texts', [name]],
    [4, 'i32', codec],
    [5, 'i64', rows],
    [6, 'i64', plainSizeOf(pages)],
    [7, 'i64', sizeOf(pages)],
    [9, 'i64', from + sizeOf(pages.slice(0, -1))],
    ...(pages.length === 1 ? [] : ([[11, 'i64', from]] as const)),
  ]
  return [
    [2, 'i64', from],
    [3, 'struct', about],
  ]
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(length)
  return bytes
}
