/** The small files that may stand beside a file of bars: corporate actions and universes, as CSV with a header. */
import type { Readable } from 'node:stream'
import { CsvError, parse } from 'csv-parse/sync'
import { CorporateAction, type ConnectorConfig, Universe } from '#contracts/datasets.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { assumedKnownAt, dayOf } from '#domain/market/session-days.ts'
import { readSymbol } from '#domain/market/symbols.ts'
import { orderUniverse } from '#domain/market/universe.ts'
import type { ConnectorWorld, SourceFacts } from './connector.ts'

type FileConfig = Extract<ConnectorConfig, { kind: 'csv' | 'parquet' }>
type Line = { line: number; fields: Record<string, string> }

const mostBytes = 64 * 1024 * 1024

/** @throws QuantloopError source_malformed | object_missing | unavailable */
export async function factsOfFile({ calendar, actions, universes }: FileConfig, world: ConnectorWorld): Promise<SourceFacts> {
  return {
    calendar: { kind: 'exchange', name: calendar ?? 'XNYS', basis: calendar === undefined ? 'assumed' : 'named' },
    ...(actions === undefined ? {} : { actions: readActions(await textOf(await world.readUpload(actions), 'the actions')) }),
    ...(universes === undefined ? {} : { universes: readUniverses(await textOf(await world.readUpload(universes), 'the universes')) }),
  }
}

/** `symbol,exDate,kind` and, as the kind asks for, `ratio`, `cash`, `to`, `return`. */
export function readActions(text: string): CorporateAction[] {
  const file = 'the actions'
  return recordsOf(text, file, ['symbol', 'exDate', 'kind'], ['ratio', 'cash', 'to', 'return']).map(({ line, fields }) => {
    const { symbol, exDate, kind, to } = fields
    const action = CorporateAction.safeParse({
      symbol: readSymbol(symbol!),
      exDate,
      kind,
      ...numberOf('ratio', fields),
      ...numberOf('cash', fields),
      ...numberOf('return', fields),
      ...(to ? { to: readSymbol(to) ?? to } : {}),
      knownAt: dayOf(exDate!) === undefined ? '' : assumedKnownAt(exDate!),
      basis: 'given',
    })
    if (!action.success) {
      const { path, message } = action.error.issues[0]!
      throw malformed(file, line, `${path.join('.')} '${fields[String(path[0])] ?? ''}': ${message}`)
    }
    const lacks = missingOf(action.data)
    if (lacks !== undefined) throw malformed(file, line, `a ${kind} needs its ${lacks}`)
    return action.data
  })
}

/** `universe,symbol,from,to`, both ends included. */
export function readUniverses(text: string): Universe[] {
  const file = 'the universes'
  const found = new Map<string, Universe>()
  for (const { line, fields } of recordsOf(text, file, ['universe', 'symbol', 'from', 'to'], [])) {
    const { universe: name, symbol, from, to } = fields
    const read = Universe.safeParse({ name, spans: [{ symbol: readSymbol(symbol!), from, to }] })
    if (!read.success) {
      const { path, message } = read.error.issues[0]!
      throw malformed(file, line, `${String(path.at(-1))}: ${message}`)
    }
    const known = found.get(read.data.name)
    if (known === undefined) found.set(read.data.name, read.data)
    else known.spans.push(...read.data.spans)
  }
  try {
    return [...found.values()].map(orderUniverse)
  } catch (error) {
    throw new QuantloopError(
      'source_malformed',
      `the universes contradict themselves: ${(error as Error).message}`,
      { file },
      { cause: error },
    )
  }
}

function recordsOf(text: string, file: string, needed: readonly string[], optional: readonly string[]): Line[] {
  let rows: { record: string[]; info: { lines: number } }[]
  try {
    rows = parse(text, { bom: true, trim: true, info: true, skip_empty_lines: true }) as unknown as typeof rows
  } catch (error) {
    if (error instanceof CsvError) throw malformed(file, Number(error.lines ?? 1), error.message)
    throw error
  }
  const [header, ...body] = rows
  const names = header?.record ?? []
  const missing = needed.filter((name) => !names.includes(name))
  const unknown = names.filter((name) => !needed.includes(name) && !optional.includes(name))
  if (missing.length > 0 || unknown.length > 0)
    throw malformed(
      file,
      1,
      `the header is '${names.join()}': it needs ${needed.join()}${optional.length === 0 ? '' : `, and may have ${optional.join()}`}`,
    )
  return body.map(({ record, info }) => ({ line: info.lines, fields: Object.fromEntries(names.map((name, i) => [name, record[i]!])) }))
}

const numberOf = (name: string, { [name]: text }: Record<string, string>) => (text ? { [name]: Number(text) } : {})

function missingOf(action: CorporateAction): string | undefined {
  switch (action.kind) {
    case 'split':
      return action.ratio === undefined ? 'ratio' : undefined
    case 'dividend':
      return action.cash === undefined ? 'cash' : undefined
    case 'rename':
      return action.to === undefined ? 'new ticker (to)' : undefined
    case 'delisting':
      return undefined
    default:
      return action.kind satisfies never
  }
}

async function textOf(source: Readable, file: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > mostBytes) {
      source.destroy()
      throw new QuantloopError('source_malformed', `${file} have more than ${mostBytes} bytes`, { file })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const malformed = (file: string, line: number, what: string) =>
  new QuantloopError('source_malformed', `line ${line} of ${file}: ${what}`, { file, line })
