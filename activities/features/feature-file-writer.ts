import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DATE, type DuckDBAppender, type DuckDBConnection, DuckDBDataChunk, DuckDBInstance, FLOAT, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'

const rowsPerVector = 2048

/** DuckDB keeps no more than this in memory, and the rest in its file. */
const memory = '512MB'

/**
 * One Parquet file of feature rows that come symbol by symbol: symbol, session, float32 features under their own names, a
 * missing value as null. They wait in a database file of their own, for Parquet is written in one go; memory stays flat.
 */
export class FeatureFileWriter {
  private readonly folder: string
  private readonly instance: DuckDBInstance
  private readonly connection: DuckDBConnection
  private readonly appender: DuckDBAppender
  private readonly names: readonly string[]

  private constructor(
    folder: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    appender: DuckDBAppender,
    names: readonly string[],
  ) {
    this.folder = folder
    this.instance = instance
    this.connection = connection
    this.appender = appender
    this.names = names
  }

  static async open(names: readonly string[]): Promise<FeatureFileWriter> {
    const folder = await mkdtemp(join(tmpdir(), 'quantloop-features-'))
    const instance = await DuckDBInstance.create(join(folder, `${randomUUID()}.duckdb`), { threads: '1', memory_limit: memory })
    const connection = await instance.connect()
    await connection.run(`create table feature (symbol varchar, session date, ${names.map((_, at) => `f${at} float`).join(', ')})`)
    return new FeatureFileWriter(folder, instance, connection, await connection.createAppender('feature'), names)
  }

  /** Days since 1970-01-01, and a column a name, as long. */
  append(symbol: string, days: Int32Array, columns: readonly Float32Array[]): void {
    const types = [VARCHAR, DATE, ...columns.map(() => FLOAT)]
    for (let from = 0; from < days.length; from += rowsPerVector) {
      const count = Math.min(rowsPerVector, days.length - from)
      const chunk = DuckDBDataChunk.create(types, count)
      chunk.setColumnValues(0, new Array<string>(count).fill(symbol))
      for (const [at, column] of [days, ...columns].entries()) {
        // DuckDB keeps both as they lie in memory
        const { buffer, byteOffset, byteLength } = column.subarray(from, from + count)
        duckdb.copy_data_to_vector(duckdb.data_chunk_get_vector(chunk.chunk, at + 1), 0, buffer as ArrayBuffer, byteOffset, byteLength)
      }
      this.appender.appendDataChunk(chunk)
    }
  }

  async finish(path: string): Promise<void> {
    this.appender.closeSync()
    const features = this.names.map((name, at) => `nullif(f${at}, 'nan'::float) as "${name}"`).join(', ')
    await this.connection.run(
      `copy (select symbol, session, ${features} from feature) to '${path.replaceAll("'", "''")}' (format parquet, compression zstd, row_group_size 122880)`,
    )
  }

  async close(): Promise<void> {
    this.connection.closeSync()
    this.instance.closeSync()
    await rm(this.folder, { recursive: true, force: true })
  }
}
