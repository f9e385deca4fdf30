import type { DuckDBConnection } from '@duckdb/node-api'
import { QuantloopError } from '#contracts/errors.ts'
import { barFields, type BarRow } from '#domain/market/parse-row.ts'
import { dayOf, sessionOf } from '#domain/market/session-days.ts'
import { readSymbol } from '#domain/market/symbols.ts'
import { connectDuckDb } from '../snapshots/bar-files.ts'
import type { SourceRow } from './connector.ts'
import { type Field, fieldNamed } from './header-names.ts'

const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const
const numericType = /^(?:(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?)|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\))$/
/** Whole dates, or points in time that must be a midnight of no zone, as pandas writes dates. */
const dateType = /^(?:DATE|TIMESTAMP(?:_S|_MS|_NS)?)$/

type Column = { name: string; type: string }

/**
 * Bars out of a Parquet file, in any order of columns; columns that mean nothing here are ignored. A row's line is its
 * number in the file, from 1. Memory: one vector of rows.
 *
 * @throws QuantloopError source_empty | source_malformed
 */
export async function* readParquetRows(path: string, file: string): AsyncGenerator<SourceRow[]> {
  const connection = await connectDuckDb()
  try {
    const source = `read_parquet('${path.replaceAll("'", "''")}')`
    const columns = await reading({ path, file }, () => describe(connection, source))
    const found = columnsByField(columns, file)
    const session = found.get('session')!
    const selected = [
      quoted(found.get('symbol')!.name),
      session.type === 'VARCHAR' ? quoted(session.name) : `epoch(${quoted(session.name)}::timestamp)`,
      ...numbers.map((field) => (found.has(field) ? `${quoted(found.get(field)!.name)}::double` : 'null::double')),
    ]
    const result = await reading({ path, file }, () => connection.stream(`select ${selected.join(', ')} from ${source}`))
    let line = 0
    for (;;) {
      const chunk = await reading({ path, file }, () => result.fetchChunk())
      if (chunk === null || chunk.rowCount === 0) break
      const [symbols, sessions, ...values] = chunk.getColumns() as [(string | null)[], unknown[], ...(number | null)[][]]
      yield symbols.map((symbol, row) => {
        line++
        const read = [symbol, sessions[row], ...values.map((column) => column[row])]
        return {
          line,
          raw: read.join(),
          row: rowOf(
            symbol,
            sessions[row],
            values.map((column) => column[row] ?? null),
          ),
        }
      })
    }
    if (line === 0) throw new QuantloopError('source_empty', `${file} has columns and no rows`, { file })
  } finally {
    connection.closeSync()
  }
}

async function describe(connection: DuckDBConnection, source: string): Promise<Column[]> {
  const result = await connection.run(`describe select * from ${source}`)
  return (await result.getRowObjects()).map((row) => ({ name: String(row.column_name), type: String(row.column_type) }))
}

function columnsByField(columns: readonly Column[], file: string): Map<Field, Column> {
  const found = new Map<Field, Column>()
  for (const column of columns) {
    const field = fieldNamed(column.name)
    if (field === undefined) continue
    if (found.has(field)) throw malformed(file, `names ${field} twice: ${found.get(field)!.name} and ${column.name}`)
    const { fits, needs } = demandOf(field)
    if (!fits(column.type)) throw malformed(file, `has ${column.name} as ${column.type}: it needs ${needs}`)
    found.set(field, column)
  }
  const missing = barFields.filter((field) => !found.has(field))
  if (missing.length > 0)
    throw malformed(
      file,
      `lacks ${missing.join(', ')}: it needs symbol, session (or date), open, high, low, close, volume; found ${columns
        .map(({ name }) => name)
        .join(', ')
        .slice(0, 200)}`,
    )
  return found
}

function rowOf(symbolText: string | null, sessionValue: unknown, values: readonly (number | null)[]): BarRow | { reason: string } {
  if (symbolText === null) return { reason: 'symbol is empty' }
  const symbol = readSymbol(symbolText)
  if (symbol === undefined)
    return { reason: `symbol '${symbolText.slice(0, 40)}' is not a ticker of at most 20 letters, digits and . ^ = -` }
  const session = sessionFrom(sessionValue)
  if (typeof session !== 'string') return session
  const row: BarRow = { symbol, session, open: 0, high: 0, low: 0, close: 0, volume: 0, adjustedClose: Number.NaN }
  for (const [index, field] of numbers.entries()) {
    const value = values[index]!
    if ((field === 'vwap' || field === 'adjustedClose') && (value === null || Number.isNaN(value))) continue
    if (value === null) return { reason: `${field} is empty` }
    if (!Number.isFinite(value)) return { reason: `${field} '${value}' is not finite` }
    row[field] = value === 0 ? 0 : value
  }
  return row
}

function sessionFrom(value: unknown): string | { reason: string } {
  if (value === null) return { reason: 'session is empty' }
  if (typeof value === 'string') {
    const day = dayOf(value)
    return day === undefined ? { reason: `session '${value.slice(0, 40)}' is not a date written YYYY-MM-DD` } : sessionOf(day)
  }
  const days = Number(value) / 86_400
  if (Number.isInteger(days)) return sessionOf(days)
  return { reason: `session ${new Date(Number(value) * 1_000).toISOString()} is a time of day: a session is a date` }
}

function demandOf(field: Field): { fits: (type: string) => boolean; needs: string } {
  if (field === 'symbol') return { fits: (type) => type === 'VARCHAR' || type.startsWith('ENUM'), needs: 'text' }
  if (field === 'session') return { fits: (type) => type === 'VARCHAR' || dateType.test(type), needs: 'a date without a time zone' }
  return { fits: (type) => numericType.test(type), needs: 'numbers' }
}

/** What DuckDB says of a file that it cannot read is about that file, under the client's name for it. */
async function reading<T>({ path, file }: { path: string; file: string }, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw new QuantloopError(
      'source_malformed',
      `${file} is not a whole Parquet file: ${(error as Error).message.split('\n')[0]!.replaceAll(path, file)}`,
      { file },
      { cause: error },
    )
  }
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const malformed = (file: string, what: string) => new QuantloopError('source_malformed', `${file} ${what}`, { file })
