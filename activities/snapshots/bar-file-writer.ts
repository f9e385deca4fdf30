import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
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
  TIMESTAMP_MS,
  VARCHAR,
} from '@duckdb/node-api'
import type { BarColumns } from '#domain/market/bars.ts'
import { dayOf } from '#domain/market/session-days.ts'

const rowsPerVector = 2048
const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const
const types = [VARCHAR, DATE, ...numbers.map(() => DOUBLE), TIMESTAMP_MS, DOUBLE]

/** Columns that a file has beside those of every bar. */
export type ExtraColumns = { vwap: boolean; knownAt: boolean; factor: boolean }

/** DuckDB keeps no more than this in memory, and the rest in its file. */
const memory = '256MB'

/**
 * One Parquet file of bars that come symbol by symbol. They wait in a database file of their own, for Parquet is written
 * in one go; memory stays flat.
 */
export class BarFileWriter {
  private readonly folder: string
  private readonly instance: DuckDBInstance
  private readonly connection: DuckDBConnection
  private readonly appender: DuckDBAppender
  private readonly extra: ExtraColumns

  private constructor(
    folder: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
    extra: ExtraColumns,
  ) {
    this.folder = folder
    this.instance = instance
    this.connection = connection
    this.appender = appender
    this.extra = extra
  }

  static async open(extra: ExtraColumns): Promise<BarFileWriter> {
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-export-'))
    const instance = await DuckDBInstance.create(join(folder, `${randomUUID()}.duckdb`), { threads: '1', memory_limit: memory })
    const connection = await instance.connect()
    await connection.run(
      'create table bar (symbol varchar, session date, open double, high double, low double, close double, volume double, vwap double, "adjustedClose" double, "knownAt" timestamp_ms, factor double)',
    )
    return new BarFileWriter(folder, instance, connection, await connection.createAppender('bar'), extra)
  }

  append(bars: BarColumns, factors: Float64Array | undefined): void {
    for (let from = 0; from < bars.sessions.length; from += rowsPerVector) {
      const to = Math.min(from + rowsPerVector, bars.sessions.length)
      const count = to - from
      const chunk = DuckDBDataChunk.create(types, count)
      chunk.setColumns([
        new Array<string>(count).fill(bars.symbol),
        bars.sessions.slice(from, to).map((session) => new DuckDBDateValue(dayOf(session)!)),
        ...numbers.map((field) => Array.from({ length: count }, (_, i) => numberOrNull(bars[field]?.[from + i]))),
        bars.knownAt.slice(from, to).map((at) => new DuckDBTimestampMillisecondsValue(BigInt(Date.parse(at)))),
        Array.from({ length: count }, (_, i) => numberOrNull(factors?.[from + i])),
      ])
      this.appender.appendDataChunk(chunk)
    }
  }

  async finish(path: string): Promise<void> {
    this.appender.closeSync()
    const left = [
      ...(this.extra.vwap ? [] : ['vwap']),
      ...(this.extra.knownAt ? [] : ['"knownAt"']),
      ...(this.extra.factor ? [] : ['factor']),
    ].join(', ')
    await this.connection.run(
      `copy (select *${left === '' ? '' : ` exclude (${left})`} from bar) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd, row_group_size 122880)`,
    )
  }

  async close(): Promise<void> {
    this.connection.closeSync()
    this.instance.closeSync()
    await rm(this.folder, { recursive: true, force: true })
  }
}

const numberOrNull = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value)
