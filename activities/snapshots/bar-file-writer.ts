import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBAppender, type DuckDBConnection } from '@duckdb/node-api'
import type { BarColumns } from '#domain/market/bars.ts'
import { appendBars } from './bar-files.ts'

/** Columns that a file has beside those of every bar. */
export type ExtraColumns = { knownAt: boolean; factor: boolean }

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
      'create table bar (part integer, symbol varchar, session date, open double, high double, low double, close double, volume double, "adjustedClose" double, "knownAt" timestamp_ms, factor double)',
    )
    return new BarFileWriter(folder, instance, connection, await connection.createAppender('bar'), extra)
  }

  append(bars: BarColumns, factors: Float64Array | undefined): void {
    appendBars(this.appender, 0, bars, factors ?? new Float64Array(bars.sessions.length).fill(Number.NaN))
  }

  async finish(path: string): Promise<void> {
    this.appender.closeSync()
    const left = ['part', ...(this.extra.knownAt ? [] : ['"knownAt"']), ...(this.extra.factor ? [] : ['factor'])].join(', ')
    await this.connection.run(
      `copy (select * exclude (${left}) from bar) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd, row_group_size 122880)`,
    )
  }

  async close(): Promise<void> {
    this.connection.closeSync()
    this.instance.closeSync()
    await rm(this.folder, { recursive: true, force: true })
  }
}
