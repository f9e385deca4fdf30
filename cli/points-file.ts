/** Symbols and times in a CSV or Parquet file, and what was joined to them, through DuckDB: other columns go along as they are. */
import { rename, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { extname } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureJoin } from '#contracts/feature-joins.ts'

type Rows = FeatureJoin['rows']
export type PointsFile = {
  points: { symbol: string; time: string }[]
  write(features: readonly string[], rows: Rows, out: string): Promise<void>
  close(): void
}

const quoted = (path: string) => `'${path.replaceAll("'", "''")}'`

/** @throws QuantloopError invalid_request when it cannot be read, or lacks `symbol` and `time` */
export async function openPointsFile(path: string): Promise<PointsFile> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const close = () => {
    connection.closeSync()
    instance.closeSync()
  }
  try {
    // a time without a zone is in UTC, wherever this runs
    await connection.run(`set TimeZone = 'UTC'`)
    const source = extname(path) === '.parquet' ? `read_parquet(${quoted(path)})` : `read_csv(${quoted(path)}, header = true)`
    await connection.run(`create table given as select row_number() over () as point, * from ${source}`)
    assertColumns((await connection.runAndReadAll('describe given')).getRows().map(([name]) => String(name)))
    const read = await connection.runAndReadAll(
      `select symbol::varchar, strftime("time"::timestamptz, '%Y-%m-%dT%H:%M:%S.%gZ') from given order by point`,
    )
    const points = (read.getRows() as [string | null, string | null][]).map(([symbol, time], at) => {
      if (symbol === null || time === null) throw new Error(`row ${at + 1} has no symbol or no time`)
      return { symbol, time }
    })
    return { points, write: (features, rows, out) => writeJoined(connection, features, rows, out), close }
  } catch (error) {
    close()
    throw new QuantloopError(
      'invalid_request',
      `cannot read symbols and times from ${path}: ${(error as Error).message}`,
      { file: path },
      { cause: error },
    )
  }
}

function assertColumns(found: readonly string[]): void {
  const absent = ['symbol', 'time'].filter((name) => !found.includes(name))
  if (absent.length > 0)
    throw new Error(`it has no column ${absent.join(' and no ')}, but ${found.filter((name) => name !== 'point').join(', ')}`)
}

async function writeJoined(
  connection: Awaited<ReturnType<DuckDBInstance['connect']>>,
  features: readonly string[],
  rows: Rows,
  out: string,
): Promise<void> {
  await connection.run(
    `create or replace table joined (point bigint, session date, known_at timestamptz, ${features.map((_, at) => `f${at} float`).join(', ')})`,
  )
  const appender = await connection.createAppender('joined')
  const { DATE, FLOAT, BIGINT, TIMESTAMPTZ, DuckDBDataChunk, DuckDBDateValue, DuckDBTimestampTZValue } = await import('@duckdb/node-api')
  const dayMs = 86_400_000
  for (let from = 0; from < rows.length; from += 2048) {
    const some = rows.slice(from, from + 2048)
    const chunk = DuckDBDataChunk.create([BIGINT, DATE, TIMESTAMPTZ, ...features.map(() => FLOAT)], some.length)
    chunk.setColumns([
      some.map((_, at) => BigInt(from + at + 1)),
      some.map(({ session }) => (session === null ? null : new DuckDBDateValue(Date.parse(session) / dayMs))),
      some.map(({ knownAt }) => (knownAt === null ? null : new DuckDBTimestampTZValue(BigInt(Date.parse(knownAt)) * 1000n))),
      ...features.map((_, feature) => some.map(({ values }) => values?.[feature] ?? null)),
    ])
    appender.appendDataChunk(chunk)
  }
  appender.closeSync()
  const named = features.map((name, at) => `f${at} as "${name}"`).join(', ')
  const unfinished = `${out}.${randomUUID()}`
  const format = extname(out) === '.parquet' ? 'format parquet, compression zstd' : 'format csv, header'
  try {
    await connection.run(
      `copy (select given.* exclude (point), session, known_at, ${named} from given join joined using (point) order by point) to ${quoted(unfinished)} (${format})`,
    )
    await rename(unfinished, out)
  } finally {
    await rm(unfinished, { force: true })
  }
}
