import { CsvError, parse } from 'csv-parse/sync'
import { QuantloopError } from '#contracts/errors.ts'
import { barFields, type BarRow, parseRow, type RowText, type UnreadRow } from '#domain/market/parse-row.ts'
import type { SourceRow } from './connector.ts'
import { type Field, fieldNamed } from './header-names.ts'
import { type Line, type Lines, maxLineBytes, readLines } from './lines.ts'
import { PlainRows } from './plain-rows.ts'

/**
 * Bars out of comma-separated text with a header, in any order of columns; columns that mean nothing here are ignored.
 * A record is one physical line: a quote that is never closed spoils its own line and no other.
 *
 * @throws QuantloopError source_empty | source_malformed
 */
export async function* readCsvRows(source: AsyncIterable<Buffer>, file: string): AsyncGenerator<Iterable<SourceRow>> {
  let rows: CsvRows | undefined
  for await (const lines of readLines(source, file)) {
    while (rows === undefined && !lines.done) {
      const line = lines.next()
      if (!isBlank(line)) rows = new CsvRows(readHeader(line, file))
    }
    if (rows !== undefined) yield rows.of(lines)
  }
  if (rows === undefined) throw new QuantloopError('source_empty', `${file} is empty: it needs a header and rows`, { file })
  if (rows.count === 0) throw new QuantloopError('source_empty', `${file} has a header and no rows`, { file })
}

class CsvRows {
  count = 0
  private readonly header: Header
  private readonly plain: PlainRows
  private readonly plainRow = new PlainRow()

  constructor(header: Header) {
    this.header = header
    this.plain = new PlainRows(columnsOf(header))
  }

  *of(lines: Lines): Generator<SourceRow> {
    const { plain, plainRow } = this
    while (!lines.done) {
      const { bytes, at, line } = lines
      const row = plain.read(bytes, at)
      if (row !== undefined && plain.next - at <= maxLineBytes) {
        lines.pass(plain.next)
        this.count++
        yield plainRow.become(bytes, { line, at, next: plain.next }, row)
        continue
      }
      const strict = lines.next()
      if (isBlank(strict)) continue
      this.count++
      yield { line, raw: strict.text, row: rowOf(strict, this.header, plain) }
    }
  }
}

/** A plain line, which is made into text only when somebody asks for it. */
class PlainRow implements SourceRow {
  line = 0
  row: BarRow | UnreadRow = { reason: 'nothing was read' }
  private bytes: Buffer = Buffer.alloc(0)
  private start = 0
  private end = 0

  become(bytes: Buffer, { line, at, next }: { line: number; at: number; next: number }, row: BarRow): this {
    this.line = line
    this.row = row
    this.bytes = bytes
    this.start = at
    this.end = next
    return this
  }

  get raw(): string {
    return this.bytes.toString('utf8', this.start, this.end).replace(/\r?\n$/, '')
  }
}

const isBlank = ({ text }: Line) => text.trim() === ''

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
