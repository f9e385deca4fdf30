/**
 * Qlib's own format (its `dump_bin`): a calendar, the symbols with their first and last session, and for each symbol and
 * column a file of float32, the first of which is the place of its first row in the calendar.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sessionOf } from '#domain/market/session-days.ts'
import { columnNames, type ListedSymbol } from './market.ts'

export function writeQlibFolder(folder: string, sessions: number, symbols: Iterable<ListedSymbol>): void {
  const calendar = weekdays(sessions)
  for (const part of ['calendars', 'instruments', 'features']) mkdirSync(join(folder, part), { recursive: true })
  writeFileSync(join(folder, 'calendars/day.txt'), `${calendar.join('\n')}\n`)
  const instruments: string[] = []
  for (const { symbol, listed, columns } of symbols) {
    instruments.push(`${symbol}\t${calendar[listed]}\t${calendar.at(-1)}\n`)
    mkdirSync(join(folder, 'features', symbol.toLowerCase()))
    for (const name of columnNames) writeFileSync(fileOf(folder, symbol, name), Float32Array.of(listed, ...columns[name]))
  }
  writeFileSync(join(folder, 'instruments/all.txt'), instruments.join(''))
}

/** A column of one symbol, from its listing on. */
export function readQlibColumn(folder: string, symbol: string, name: string): Float64Array {
  const bytes = readFileSync(fileOf(folder, symbol, name))
  return Float64Array.from(new Float32Array(bytes.buffer, bytes.byteOffset + 4, bytes.length / 4 - 1))
}

const fileOf = (folder: string, symbol: string, name: string) => join(folder, 'features', symbol.toLowerCase(), `${name}.day.bin`)

function weekdays(count: number): string[] {
  const days: string[] = []
  // days since 1970-01-01, a Thursday
  for (let day = 10_961; days.length < count; day++) if (![2, 3].includes(day % 7)) days.push(sessionOf(day))
  return days
}
