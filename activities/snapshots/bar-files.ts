/**
 * Bars as zstd Parquet, in the columns of the contract's `Bar`; `adjustedClose` is null where there is none. One thread
 * and a given order make the bytes a function of the rows and of DuckDB's version.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  DATE,
  DOUBLE,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBTimestampMillisecondsValue,
  INTEGER,
  TIMESTAMP_MS,
  VARCHAR,
} from '@duckdb/node-api'
import type { BarColumns } from '#domain/market/bars.ts'
import { compareText } from '#domain/market/actions.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'

const rowsPerVector = 2048
const numbers = ['open', 'high', 'low', 'close', 'volume', 'adjustedClose'] as const
const types = [INTEGER, VARCHAR, DATE, ...numbers.map(() => DOUBLE), TIMESTAMP_MS]

/** One file a part, in the order of the parts; each part's rows are ordered by symbol, then session. */
export async function* writeBarFiles(parts: readonly (readonly BarColumns[])[]): AsyncGenerator<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bars-'))
  const connection = await connectDuckDb()
  const table = `bar_${randomUUID().replaceAll('-', '')}`
  try {
    await connection.run(
      `create temp table ${table} (part integer, symbol varchar, session date, open double, high double, low double, close double, volume double, "adjustedClose" double, "knownAt" timestamp_ms)`,
    )
    const appender = await connection.createAppender(table, null, 'temp')
    parts.forEach((pieces, part) => pieces.forEach((bars) => appendBars(appender, part, bars)))
    appender.closeSync()
    const path = join(folder, 'part.parquet')
    for (let part = 0; part < parts.length; part++) {
      await connection.run(
        `copy (select * exclude (part) from ${table} where part = ${part} order by symbol, session) to '${path}' (format parquet, compression zstd, row_group_size 122880)`,
      )
      yield await readFile(path)
    }
  } finally {
    connection.closeSync()
    await rm(folder, { recursive: true, force: true })
  }
}

/** All bars in the files, by symbol. The files must be local copies that were verified. */
export async function readBarFiles(paths: readonly string[]): Promise<Map<string, BarColumns>> {
  const connection = await connectDuckDb()
  try {
    const result = await connection.run(
      `select symbol, (session - date '1970-01-01')::integer, ${numbers.slice(0, 5).join(', ')}, coalesce("adjustedClose", 'nan'::double), epoch_ms("knownAt")::double from read_parquet([${listed(paths)}]) order by symbol, session`,
    )
    return columnsOf(await result.getColumns())
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
      `select distinct (session - date '1970-01-01')::integer from read_parquet([${listed(paths)}]) where session in (${days})`,
    )
    return new Set(((await result.getColumns())[0] as number[] | undefined)?.map(sessionOf))
  } finally {
    connection.closeSync()
  }
}

const listed = (paths: readonly string[]) => paths.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ')

function columnsOf(columns: readonly unknown[][]): Map<string, BarColumns> {
  const [symbols, days, open, high, low, close, volume, adjustedClose, knownAt] = columns as [string[], ...number[][]]
  const found = new Map<string, BarColumns>()
  const instants = new Map<number, string>()
  for (let from = 0; from < symbols.length;) {
    const symbol = symbols[from]!
    let to = from + 1
    while (symbols[to] === symbol) to++
    const part = (values: number[] | undefined) => Float64Array.from(values!.slice(from, to))
    const adjusted = part(adjustedClose)
    found.set(symbol, {
      symbol,
      sessions: days!.slice(from, to).map(sessionOf),
      open: part(open),
      high: part(high),
      low: part(low),
      close: part(close),
      volume: part(volume),
      adjustedClose: adjusted.some((value) => !Number.isNaN(value)) ? adjusted : undefined,
      knownAt: knownAt!.slice(from, to).map((ms) => {
        let text = instants.get(ms)
        if (text === undefined) instants.set(ms, (text = new Date(ms).toISOString()))
        return text
      }),
    })
    from = to
  }
  return found
}

/** `last` is one more column of numbers, for tables that have it. */
export function appendBars(appender: DuckDBAppender, part: number, bars: BarColumns, last?: Float64Array): void {
  for (let from = 0; from < bars.sessions.length; from += rowsPerVector) {
    const to = Math.min(from + rowsPerVector, bars.sessions.length)
    const count = to - from
    const chunk = DuckDBDataChunk.create(last === undefined ? types : [...types, DOUBLE], count)
    chunk.setColumns([
      new Array<number>(count).fill(part),
      new Array<string>(count).fill(bars.symbol),
      bars.sessions.slice(from, to).map((session) => new DuckDBDateValue(dayOf(session)!)),
      ...numbers.map((field) => Array.from({ length: count }, (_, i) => numberOrNull(bars[field]?.[from + i]))),
      bars.knownAt.slice(from, to).map((at) => new DuckDBTimestampMillisecondsValue(BigInt(Date.parse(at)))),
      ...(last === undefined ? [] : [Array.from(last.subarray(from, to), numberOrNull)]),
    ])
    appender.appendDataChunk(chunk)
  }
}

const numberOrNull = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value)

let instance: Promise<DuckDBInstance> | undefined

/** A connection to the one DuckDB of this process, with one thread: the caller closes it. */
export async function connectDuckDb(): Promise<DuckDBConnection> {
  instance ??= DuckDBInstance.create(':memory:', { threads: '1' })
  return await (await instance).connect()
}

/** Symbols and sessions that a part covers, for the manifest. */
export const coverageOf = (pieces: readonly BarColumns[]) => ({
  rows: pieces.reduce((rows, bars) => rows + bars.sessions.length, 0),
  symbols: pieces.map((bars) => bars.symbol).sort(compareText),
  firstSession: pieces.map((bars) => bars.sessions[0]!).sort(compareText)[0]!,
  lastSession: pieces
    .map((bars) => bars.sessions.at(-1)!)
    .sort(compareText)
    .at(-1)!,
})
