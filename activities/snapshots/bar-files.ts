/**
 * Bars as zstd Parquet, in the columns of the contract's `Bar`; `adjustedClose` is null where there is none, and
 * a file of which no bar has a `vwap` has no such column. One thread
 * and a given order make the bytes a function of the rows and of DuckDB's version.
 *
 * Numbers go in and out as whole vectors of memory: value by value, the calls cost ten times what DuckDB does.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DATE,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBResult,
  type DuckDBType,
  ENUM,
  INTEGER,
} from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { onScratchDisk } from '../scratch-disk.ts'
import { type BarColumns, columnIfAny } from '#domain/market/bars.ts'
import { compareText } from '#domain/market/actions.ts'
import { dayOf, instantOf, instantText, sessionOf, textsOf } from '#domain/market/session-days.ts'

const rowsPerVector = 2048
const numbers = ['open', 'high', 'low', 'close', 'volume', 'adjustedClose'] as const
const withVwap = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const

const doing = 'bars cannot be written'

/** One file a part, in the order of the parts; each part's rows are ordered by symbol, then session. */
export async function* writeBarFiles(parts: readonly (readonly BarColumns[])[]): AsyncGenerator<Uint8Array> {
  const folder = await onScratchDisk(doing, () => mkdtemp(join(tmpdir(), 'quantloop-bars-')))
  const connection = await connectDuckDb()
  const symbols = [...new Set(parts.flat().map(({ symbol }) => symbol))].sort(compareText)
  // symbols go in as numbers, and come out as the text that they stand for
  const symbolType = ENUM(symbols)
  const table = `bar_${randomUUID().replaceAll('-', '')}`
  try {
    for (const fields of [numbers, withVwap]) {
      const own = parts.map((pieces) => (fieldsOf(pieces) === fields ? pieces : []))
      if (own.every((pieces) => pieces.length === 0)) continue
      const columns = fields.map((field) => `"${field}" double`).join(', ')
      await connection.run(`create temp table ${table} (part integer, symbol ${symbolType}, session date, ${columns}, "knownAt" double)`)
      const appender = await connection.createAppender(table, null, 'temp')
      appendColumns(appender, [INTEGER, symbolType, DATE, ...fields.map(() => DOUBLE), DOUBLE], columnsOfParts(own, symbols, fields))
      appender.closeSync()
      const values = fields.map((field) => `nullif("${field}", 'nan'::double) as "${field}"`).join(', ')
      const copy = `copy (select part, symbol::varchar as symbol, session, ${values}, epoch_ms("knownAt"::bigint)::timestamp_ms as "knownAt" from ${table}) to '${folder}' (format parquet, compression zstd, row_group_size 122880, partition_by (part), overwrite_or_ignore)`
      await onScratchDisk(doing, () => connection.run(copy))
      await connection.run(`drop table ${table}`)
    }
    // small files that were just written: asking the disk aside for each takes longer than reading them
    for (let part = 0; part < parts.length; part++) yield readFileSync(join(folder, `part=${part}`, 'data_0.parquet'))
  } finally {
    await connection.run(`drop table if exists ${table}`)
    connection.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}

type Fields = typeof numbers | typeof withVwap

const fieldsOf = (pieces: readonly BarColumns[]): Fields => (pieces.some(hasVwap) ? withVwap : numbers)

const hasVwap = ({ vwap }: BarColumns) => vwap !== undefined && columnIfAny(vwap) !== undefined

/** All bars in the files, by symbol. The files must be local copies that were verified; `vwap` says that some have one. */
export async function readBarFiles(paths: readonly string[], { vwap }: { vwap: boolean }): Promise<Map<string, BarColumns>> {
  const connection = await connectDuckDb()
  try {
    const files = vwap ? `read_parquet(${listed(paths)}, union_by_name = true)` : filesOf(paths)
    const fields = vwap ? withVwap : numbers
    const counted = await connection.runAndReadAll(`select symbol, count(*)::double from ${files} group by symbol order by symbol`)
    const symbols = counted.getRows() as [symbol: string, rows: number][]
    const found = await connection.run(
      `select (session - date '1970-01-01')::integer, ${fields.map((field) => `coalesce("${field}", 'nan'::double)`).join(', ')}, epoch_ms("knownAt")::double from ${files} order by symbol, session`,
    )
    return await columnsOf(symbols, found, fields)
  } finally {
    connection.closeSync()
  }
}

/** Which of some sessions have a bar of any symbol in the files. */
export async function sessionsAmong(paths: readonly string[], sessions: readonly string[]): Promise<Set<string>> {
  const connection = await connectDuckDb()
  try {
    const days = sessions.map((session) => `date '${session}'`).join(', ')
    const result = await connection.run(
      `select distinct (session - date '1970-01-01')::integer from ${filesOf(paths)} where session in (${days})`,
    )
    return new Set(((await result.getColumns())[0] as number[] | undefined)?.map(sessionOf))
  } finally {
    connection.closeSync()
  }
}

const filesOf = (paths: readonly string[]) => `read_parquet(${listed(paths)})`

const listed = (paths: readonly string[]) => `[${paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')}]`

async function columnsOf(
  symbols: readonly [symbol: string, rows: number][],
  found: DuckDBResult,
  fields: Fields,
): Promise<Map<string, BarColumns>> {
  const rows = symbols.reduce((sum, [, own]) => sum + own, 0)
  const days = new Int32Array(rows)
  const values = [...fields, 'knownAt'].map(() => new Float64Array(rows))
  let at = 0
  for (let chunk = await found.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await found.fetchChunk()) {
    const { chunk: raw, rowCount: count } = chunk
    const bytes = (column: number, width: number) => {
      const data = duckdb.vector_get_data(duckdb.data_chunk_get_vector(raw, column), count * width)
      return [data.buffer, data.byteOffset, count] as const
    }
    days.set(new Int32Array(...bytes(0, 4)), at)
    values.forEach((column, i) => column.set(new Float64Array(...bytes(i + 1, 8)), at))
    at += count
  }
  const column = Object.fromEntries(fields.map((field, i) => [field, values[i]!])) as Record<(typeof numbers)[number], Float64Array> & {
    vwap?: Float64Array
  }
  const knownAt = values.at(-1)!
  const bySymbol = new Map<string, BarColumns>()
  let from = 0
  for (const [symbol, own] of symbols) {
    const to = from + own
    bySymbol.set(symbol, {
      symbol,
      sessions: textsOf(days.subarray(from, to), sessionOf),
      open: column.open.slice(from, to),
      high: column.high.slice(from, to),
      low: column.low.slice(from, to),
      close: column.close.slice(from, to),
      volume: column.volume.slice(from, to),
      ...(column.vwap === undefined ? {} : { vwap: columnIfAny(column.vwap.slice(from, to)) }),
      adjustedClose: columnIfAny(column.adjustedClose.slice(from, to)),
      knownAt: textsOf(knownAt.subarray(from, to), instantText),
    })
    from = to
  }
  return bySymbol
}

type Column = Int32Array | Float64Array | Uint8Array | Uint16Array | Uint32Array

/** The rows of all parts, one after the other, each with the numbers of its part and of its symbol. */
function columnsOfParts(parts: readonly (readonly BarColumns[])[], symbols: readonly string[], fields: Fields): Column[] {
  const rows = parts.flat().reduce((sum, { sessions }) => sum + sessions.length, 0)
  const [part, symbol, days, knownAt] = [new Int32Array(rows), enumColumn(symbols, rows), new Int32Array(rows), new Float64Array(rows)]
  const values = fields.map(() => new Float64Array(rows))
  let at = 0
  let before: { bars: BarColumns | undefined; at: number } = { bars: undefined, at: 0 }
  parts.forEach((pieces, index) => {
    for (const bars of pieces.toSorted((a, b) => compareText(a.symbol, b.symbol))) {
      const to = at + bars.sessions.length
      part.fill(index, at, to)
      symbol.fill(symbols.indexOf(bars.symbol), at, to)
      for (let row = at; row < to; row++) {
        const [own, same] = [row - at, row - at + before.at]
        // most symbols of a part have the same sessions: their numbers are there already
        if (bars.sessions[own] === before.bars?.sessions[own] && bars.knownAt[own] === before.bars?.knownAt[own]) {
          days[row] = days[same]!
          knownAt[row] = knownAt[same]!
          continue
        }
        const day = dayOf(bars.sessions[own]!)!
        days[row] = day
        knownAt[row] = instantOf(bars.knownAt[own]!, day)
      }
      before = { bars, at }
      fields.forEach((field, i) => {
        const column = bars[field]
        if (column === undefined) values[i]!.fill(Number.NaN, at, to)
        else values[i]!.set(column, at)
      })
      at = to
    }
  })
  return [part, symbol, days, ...values, knownAt]
}

/** DuckDB keeps the number of an enum's value in as few bytes as its values need. */
const enumColumn = ({ length }: readonly string[], rows: number) =>
  new (length <= 0xff ? Uint8Array : length <= 0xffff ? Uint16Array : Uint32Array)(rows)

function appendColumns(appender: DuckDBAppender, types: readonly DuckDBType[], columns: readonly Column[]): void {
  const rows = columns[0]!.length
  for (let from = 0; from < rows; from += rowsPerVector) {
    const count = Math.min(rowsPerVector, rows - from)
    const chunk = DuckDBDataChunk.create(types, count)
    columns.forEach((column, i) => {
      const { buffer, byteOffset, byteLength } = column.subarray(from, from + count)
      duckdb.copy_data_to_vector(duckdb.data_chunk_get_vector(chunk.chunk, i), 0, buffer as ArrayBuffer, byteOffset, byteLength)
    })
    appender.appendDataChunk(chunk)
  }
}

let instance: Promise<DuckDBInstance> | undefined

/** A connection to the one DuckDB of this process, with one thread: the caller closes it. */
export async function connectDuckDb(): Promise<DuckDBConnection> {
  instance ??= DuckDBInstance.create(':memory:', { threads: '1', partitioned_write_flush_threshold: String(2 ** 31) })
  return await (await instance).connect()
}

/** Symbols and sessions that a part covers, and whether some bar has a vwap, for the manifest. */
export const coverageOf = (pieces: readonly BarColumns[]) => ({
  rows: pieces.reduce((rows, bars) => rows + bars.sessions.length, 0),
  symbols: pieces.map((bars) => bars.symbol).sort(compareText),
  firstSession: pieces.map((bars) => bars.sessions[0]!).sort(compareText)[0]!,
  lastSession: pieces
    .map((bars) => bars.sessions.at(-1)!)
    .sort(compareText)
    .at(-1)!,
  ...(pieces.some(hasVwap) ? { vwap: true as const } : {}),
})
