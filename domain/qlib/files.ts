/**
 * The files of a Qlib folder, from what they say: one calendar, one list a universe, and of each symbol one column a
 * field. The same content gives the same bytes.
 */
import type { BarColumns } from '../market/bars.ts'
import type { Universe } from '../market/universe.ts'
import { binOf, encodeBin } from './bins.ts'
import { folderOf } from './names.ts'
import { writeCalendar, writeInstruments } from './texts.ts'

export type QlibFile = { path: string; bytes: Uint8Array }

export const columnFields = ['open', 'high', 'low', 'close', 'volume'] as const
/** A column that some folders have. */
export const vwapField = 'vwap'
export const calendarPath = 'calendars/day.txt'
export const columnPath = (folder: string, field: string) => `features/${folder}/${field}.day.bin`
export const instrumentsPath = (universe: string) => `instruments/${universe}.txt`

export const calendarFile = (sessions: readonly string[]): QlibFile => ({ path: calendarPath, bytes: utf8(writeCalendar(sessions)) })

/** `nameOf` gives Qlib's name of a symbol. */
export const universeFile = ({ name, spans }: Universe, nameOf: (symbol: string) => string): QlibFile => ({
  path: instrumentsPath(name),
  bytes: utf8(writeInstruments(spans.map((span) => ({ ...span, symbol: nameOf(span.symbol) })))),
})

/** Open, high, low, close and volume of one instrument, its vwap and further columns if there are any; none without a bar. */
export function columnFiles(
  instrument: string,
  bars: Pick<BarColumns, 'sessions' | 'vwap' | (typeof columnFields)[number]>,
  further: Readonly<Record<string, ArrayLike<number>>>,
  indexOf: ReadonlyMap<string, number>,
): QlibFile[] {
  if (bars.sessions.length === 0) return []
  const columns = [
    ...columnFields.map((field) => [field, bars[field]] as const),
    ...(bars.vwap === undefined ? [] : [[vwapField, bars.vwap] as const]),
    ...Object.entries(further),
  ]
  return columns.map(([field, column]) => ({
    path: columnPath(folderOf(instrument), field),
    bytes: encodeBin(binOf(bars.sessions, column, indexOf)),
  }))
}

export const indexOfSessions = (sessions: readonly string[]): Map<string, number> =>
  new Map(sessions.map((session, index) => [session, index]))

const utf8 = (text: string) => new TextEncoder().encode(text)
