/** A folder of Qlib's files within a tar: which calendar, universes and columns it holds. Values are read symbol by symbol. */
import { QuantloopError } from '#contracts/errors.ts'
import { UniverseName } from '#contracts/datasets.ts'
import { type Bin, decodeBin } from '#domain/qlib/bins.ts'
import { calendarPath, columnFields, columnPath, vwapField } from '#domain/qlib/files.ts'
import { folderOf, instrumentOf } from '#domain/qlib/names.ts'
import { readCalendar, readInstruments } from '#domain/qlib/texts.ts'
import { compareText } from '#domain/market/actions.ts'
import { readSymbol } from '#domain/market/symbols.ts'
import type { Universe } from '#domain/market/universe.ts'
import type { TarIndex } from '../tar-index.ts'

export type ColumnField = (typeof columnFields)[number]

/** One instrument: our symbol, Qlib's name, the folder of its columns, and which further ones it has. */
export type Instrument = { symbol: string; name: string; folder: string; adjusted: boolean; vwap: boolean }

export type QlibFolder = {
  calendar: readonly string[]
  /** spans by our symbols, in the order of their files */
  universes: readonly Universe[]
  /** Qlib's name of each symbol that has columns or a place in a universe */
  names: ReadonlyMap<string, string>
  /** in the order of their folders */
  instruments: readonly Instrument[]
  /** every path, counted from the folder itself */
  paths: readonly string[]
  bytes(path: string): Promise<Uint8Array>
  columns(instrument: Instrument): Promise<Record<ColumnField, Bin> & { vwap?: Bin }>
}

/** @throws QuantloopError source_malformed, with the path of the file that is wrong */
export async function openQlibFolder(tar: TarIndex, file: string): Promise<QlibFolder> {
  const root = rootOf(tar, file)
  const paths = tar.paths
    .filter((path) => path.startsWith(root))
    .map((path) => path.slice(root.length))
    .sort(compareText)
  const bytes = (path: string) => tar.read(root + path)
  const text = async (path: string) => new TextDecoder().decode(await bytes(path))

  const calendar = inFile(file, calendarPath, readCalendar, await text(calendarPath))
  if (calendar.length === 0) throw malformed(file, calendarPath, 'has no sessions')
  const lists = await Promise.all(
    paths
      .map((path) => ({ path, name: /^instruments\/([^/]+)\.txt$/.exec(path)?.[1] }))
      .filter((list): list is { path: string; name: string } => list.name !== undefined)
      .map(async ({ path, name }) => {
        if (!UniverseName.safeParse(name).success) throw malformed(file, path, 'is no name for a universe')
        return { name, path, spans: inFile(file, path, readInstruments, await text(path)) }
      }),
  )
  const names = new Names(file)
  const universes = lists.map(({ name, path, spans }) => ({
    name,
    spans: spans.map((span) => ({ ...span, symbol: names.symbolOf(span.symbol, path) })),
  }))
  const instruments = instrumentsOf(paths, names)
  return {
    calendar,
    universes,
    names: names.bySymbol,
    instruments,
    paths,
    bytes,
    async columns({ folder, vwap }) {
      const read = async (field: ColumnField | typeof vwapField) => {
        const path = columnPath(folder, field)
        if (!tar.has(root + path)) throw malformed(file, path, 'is missing: a bar needs open, high, low, close and volume')
        return inFile(file, path, (found) => decodeBin(found, calendar.length), await bytes(path))
      }
      const [open, high, low, close, volume] = await Promise.all(columnFields.map(read))
      return { open: open!, high: high!, low: low!, close: close!, volume: volume!, ...(vwap ? { vwap: await read(vwapField) } : {}) }
    },
  }
}

/** The folder may lie in another one, as `tar` makes it: its calendar tells where. */
function rootOf(tar: TarIndex, file: string): string {
  const found = tar.paths.filter((path) => path === calendarPath || path.endsWith(`/${calendarPath}`))
  if (found.length === 1) return found[0]!.slice(0, -calendarPath.length)
  throw malformed(
    file,
    calendarPath,
    found.length === 0 ? 'is missing: pack the folder that holds calendars, instruments and features' : 'is there more than once',
  )
}

/** Qlib's names and our symbols: one for one. */
class Names {
  readonly bySymbol = new Map<string, string>()
  private readonly byFolder = new Map<string, string>()
  private readonly file: string

  constructor(file: string) {
    this.file = file
  }

  symbolOf(name: string, path: string): string {
    const symbol = readSymbol(name)
    if (symbol === undefined) throw malformed(this.file, path, `names ${JSON.stringify(name.slice(0, 40))}, which is no ticker`)
    const known = this.bySymbol.get(symbol)
    if (known !== undefined && known !== name) throw malformed(this.file, path, `names ${name}, and ${known} is the same symbol, ${symbol}`)
    this.bySymbol.set(symbol, name)
    this.byFolder.set(folderOf(name), name)
    return symbol
  }

  /** As an instruments file has it, or else as the folder says. */
  nameOf(folder: string): string {
    return this.byFolder.get(folder) ?? instrumentOf(folder)
  }
}

function instrumentsOf(paths: readonly string[], names: Names): Instrument[] {
  const fieldsOf = new Map<string, Set<string>>()
  for (const path of paths) {
    const [, folder, field] = /^features\/([^/]+)\/([^/]+)\.day\.bin$/.exec(path) ?? []
    if (folder === undefined || field === undefined) continue
    fieldsOf.set(folder, (fieldsOf.get(folder) ?? new Set()).add(field))
  }
  return [...fieldsOf].map(([folder, fields]) => {
    const name = names.nameOf(folder)
    return { symbol: names.symbolOf(name, `features/${folder}`), name, folder, adjusted: fields.has('factor'), vwap: fields.has(vwapField) }
  })
}

function inFile<Content, Read>(file: string, path: string, read: (content: Content) => Read, content: Content): Read {
  try {
    return read(content)
  } catch (error) {
    if (error instanceof RangeError) throw malformed(file, path, error.message)
    throw error
  }
}

const malformed = (file: string, path: string, what: string) =>
  new QuantloopError('source_malformed', `${path} in ${file}: ${what}`, { file, path })
