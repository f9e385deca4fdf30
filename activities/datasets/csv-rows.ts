import { CsvError, parse } from 'csv-parse/sync'
import { QuantloopError } from '#contracts/errors.ts'
import { barFields, parseRow, type RowText } from '#domain/market/parse-row.ts'
import type { SourceRow } from './connector.ts'
import { type Field, fieldNamed } from './header-names.ts'
import { type Line, readLines } from './lines.ts'
import { PlainRows } from './plain-rows.ts'

/**
 * Bars out of comma-separated text with a header, in any order of columns; columns that mean nothing here are ignored.
 * A record is one physical line: a quote that is never closed spoils its own line and no other.
 *
 * @throws QuantloopError source_empty | source_malformed
 */
export async function* readCsvRows(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<SourceRow[]> {
  let header: Header | undefined
  let plain = new PlainRows([])
  let rows = 0
  for await (const lines of readLines(source, file)) {
    const batch: SourceRow[] = []
    for (const line of lines) {
      if (header === undefined) {
        if (isBlank(line)) continue
        header = readHeader(line, file)
        plain = new PlainRows(columnsOf(header))
      } else {
        const row = line.tooLong ? undefined : plain.read(line)
        if (row !== undefined) batch.push(new CsvRow(line, row))
        else if (!isBlank(line)) batch.push(new CsvRow(line, rowOf(line, header, plain)))
      }
    }
    rows += batch.length
    if (batch.length > 0) yield batch
  }
  if (header === undefined) throw new QuantloopError('source_empty', `${file} is empty: it needs a header and rows`, { file })
  if (rows === 0) throw new QuantloopError('source_empty', `${file} has a header and no rows`, { file })
}

/** A line is made into text only when somebody asks for it. */
class CsvRow implements SourceRow {
  readonly line: number
  readonly row: SourceRow['row']
  private readonly from: Line

  constructor(from: Line, row: SourceRow['row']) {
    this.line = from.line
    this.row = row
    this.from = from
  }

  get raw(): string {
    return this.from.text
  }
}

const isBlank = (line: Line) => line.start === line.end || line.text.trim() === ''

type Header = { columns: number; fields: [Field, number][] }

function readHeader(line: Line, file: string): Header {
  const place = { file, line: line.line }
  const names = splitLine(line.text)
  if (line.tooLong || names === undefined)
    throw new QuantloopError('source_malformed', `the header of ${file} cannot be read as comma-separated names`, place)
  const fields: [Field, number][] = []
  names.forEach((name, column) => {
    const field = fieldNamed(name)
    if (field === undefined) return
    if (fields.some(([known]) => known === field))
      throw new QuantloopError('source_malformed', `the header of ${file} names ${field} twice`, place)
    fields.push([field, column])
  })
  const missing = barFields.filter((field) => !fields.some(([known]) => known === field))
  if (missing.length > 0)
    throw new QuantloopError(
      'source_malformed',
      `the header of ${file} lacks ${missing.join(', ')}: it needs symbol, session (or date), open, high, low, close, volume, separated by commas; found '${line.text.slice(0, 200)}'`,
      place,
    )
  return { columns: names.length, fields }
}

const columnsOf = ({ columns, fields }: Header) =>
  Array.from({ length: columns }, (_, at) => fields.find(([, column]) => column === at)?.[0])

function rowOf(line: Line, header: Header, plain: PlainRows): SourceRow['row'] {
  if (line.tooLong) return { reason: 'the line is longer than 64 KiB' }
  const values = splitLine(line.text)
  if (values === undefined) return { reason: 'a quote is not closed, or stands inside a field' }
  if (values.length !== header.columns) return { reason: `has ${values.length} fields where the header has ${header.columns}` }
  const text: RowText = { symbol: '', session: '', open: '', high: '', low: '', close: '', volume: '' }
  for (const [field, column] of header.fields) text[field] = values[column]!
  const row = parseRow(text)
  if (!('reason' in row)) plain.learn(text, row)
  return row
}

/** Most lines have no quote, and need no parser. */
function splitLine(text: string): string[] | undefined {
  if (!text.includes('"')) return text.split(',').map((value) => value.trim())
  try {
    const records = parse(text, { relax_column_count: true, trim: true })
    return records.length === 1 ? records[0] : undefined
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}
