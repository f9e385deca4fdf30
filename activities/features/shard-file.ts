/**
 * A shard of a feature build: one uncompressed Arrow IPC file of one record batch, which Python memory-maps. Columns:
 * `symbol` utf8, `session` date32, then float32 columns, none nullable (a missing value is NaN). Rows by symbol, then
 * session. The same content gives the same bytes.
 */
import {
  DateDay,
  Field,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  tableFromIPC,
  Utf8,
  type DataType,
} from 'apache-arrow'
import { QuantloopError } from '#contracts/errors.ts'
import { concatenateIntegers } from '#domain/concatenate.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Rows of one symbol, ascending by session. */
export type SymbolRows = { symbol: string; sessions: readonly string[] }

/** The same, as days since 1970-01-01. */
export type SymbolDays = { symbol: string; days: Int32Array }

export type NamedColumn = { name: string; values: Float32Array }

export function writeShard(rows: readonly SymbolRows[], columns: readonly NamedColumn[]): Uint8Array {
  const length = rows.reduce((count, { sessions }) => count + sessions.length, 0)
  const children = [
    symbolColumn(rows, length),
    makeData({ type: new DateDay(), length, nullCount: 0, data: days(rows, length) }),
    ...columns.map(({ values }) => makeData({ type: new Float32(), length, nullCount: 0, data: values })),
  ]
  const names = columns.map(({ name }) => name)
  const { schema, type } = schemas.of(JSON.stringify(names), () => schemaOf(names))
  const batch = makeData({ type, length, nullCount: 0, children })
  return RecordBatchFileWriter.writeAll([new RecordBatch(schema, batch)]).toUint8Array(true)
}

/** One shard after another has the same few hundred columns. */
const schemas = new RecentlyUsed<{ schema: Schema; type: Struct }>(64)

function schemaOf(names: readonly string[]) {
  const field = (name: string, type: DataType) => new Field(name, type, false)
  const schema = new Schema([
    field('symbol', new Utf8()),
    field('session', new DateDay()),
    ...names.map((name) => field(name, new Float32())),
  ])
  return { schema, type: new Struct(schema.fields) }
}

/** Float32 columns of a shard by name, as views on its bytes. @throws QuantloopError object_corrupt when one is not there */
export function readColumns(bytes: Uint8Array, names: readonly string[]): Map<string, Float32Array> {
  const table = tableFromIPC(bytes)
  return new Map(
    names.map((name) => {
      const values: unknown = table.getChild(name)?.toArray()
      if (!(values instanceof Float32Array))
        throw new QuantloopError('object_corrupt', `a feature shard holds no float32 column ${name}`, { column: name })
      return [name, values]
    }),
  )
}

/** The rows of a shard, whose symbols stand one after the other. */
export const readRows = (bytes: Uint8Array): SymbolRows[] =>
  readDays(bytes).map(({ symbol, days }) => ({ symbol, sessions: Array.from(days, sessionOf) }))

/** As `readRows`, in days. */
export function readDays(bytes: Uint8Array): SymbolDays[] {
  const table = tableFromIPC(bytes)
  const symbols = table.getChild('symbol')
  // the vector's own values are milliseconds
  const days = concatenateIntegers(
    table.getChild('session')?.data.map(({ values, length }) => (values as Int32Array).subarray(0, length)) ?? [],
  )
  const rows: SymbolDays[] = []
  for (let from = 0; from < days.length;) {
    const symbol = String(symbols?.get(from))
    const to = endOf(from, days.length, (row) => symbols?.get(row) === symbol)
    rows.push({ symbol, days: days.subarray(from, to) })
    from = to
  }
  return rows
}

/** The end of a run of rows that begins at `from`, of symbols that stand one after the other. */
export function endOf(from: number, length: number, same: (row: number) => boolean): number {
  let [low, high] = [from + 1, length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (same(middle)) low = middle + 1
    else high = middle
  }
  return low
}

function symbolColumn(rows: readonly SymbolRows[], length: number) {
  const encoded = rows.map(({ symbol, sessions }) => ({ bytes: new TextEncoder().encode(symbol), count: sessions.length }))
  const data = new Uint8Array(encoded.reduce((size, { bytes, count }) => size + bytes.length * count, 0))
  const valueOffsets = new Int32Array(length + 1)
  let row = 0
  let at = 0
  for (const { bytes, count } of encoded)
    for (let i = 0; i < count; i++) {
      data.set(bytes, at)
      at += bytes.length
      valueOffsets[++row] = at
    }
  return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets, data })
}

function days(rows: readonly SymbolRows[], length: number): Int32Array {
  const out = new Int32Array(length)
  let row = 0
  for (const { sessions } of rows) for (const session of sessions) out[row++] = dayOf(session)!
  return out
}
