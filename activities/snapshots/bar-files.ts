/**
 * Bars out of Parquet files (`encode-bars.ts` writes them). Numbers come as whole vectors of memory: value by value, the
 * calls cost ten times what DuckDB does.
 */
import { type DuckDBConnection, DuckDBInstance, type DuckDBResult } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { type BarColumns, columnIfAny, hasVwap } from '#domain/market/bars.ts'
import { compareText } from '#domain/market/actions.ts'
import { instantText, sessionOf, textsOf } from '#domain/market/session-days.ts'

const numbers = ['open', 'high', 'low', 'close', 'volume', 'adjustedClose'] as const
const withVwap = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const
type Fields = typeof numbers | typeof withVwap

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

let instance: Promise<DuckDBInstance> | undefined

/** A connection to the one DuckDB of this process, with one thread: the caller closes it. */
export async function connectDuckDb(): Promise<DuckDBConnection> {
  instance ??= DuckDBInstance.create(':memory:', { threads: '1' })
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
