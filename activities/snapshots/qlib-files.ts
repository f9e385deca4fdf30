/**
 * A snapshot as the files of a Qlib folder. One that came from such a folder goes out as it came in, bit for bit: its bars
 * are written from the snapshot, and what bars do not say is laid beside them as it was found. Any other is adjusted as
 * Qlib's own collectors do, forward from the first bar: prices times their factor, volume over the split factor, and the
 * factor as a column, so that `$close/$factor` is the raw close. Prices are float32, as Qlib has them.
 */
import type { CorporateAction } from '#domain/market/actions.ts'
import { compareText } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { adjustBars, priceFactors } from '#domain/market/factors.ts'
import type { Universe } from '#domain/market/universe.ts'
import { calendarFile, columnFiles, indexOfSessions, type QlibFile, universeFile } from '#domain/qlib/files.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readUniverses } from '#storage/snapshot-manifest.ts'
import { readAsFoundFiles, readAsFoundIndex } from '../datasets/qlib/as-found.ts'
import { readOwnSessions } from './beside-bars.ts'
import type { SnapshotBars } from './open-snapshot.ts'

/** Memory: one group of symbols and one part of what was found. @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function* qlibFiles(objects: ObjectStore, reader: SnapshotBars): AsyncGenerator<QlibFile> {
  const { manifest } = reader
  const asFound = manifest.beside?.asFound
  const found = asFound === undefined ? undefined : await readAsFoundIndex(objects, asFound)
  const foundPaths = new Set(found?.files.map(({ path }) => path))
  const nameOf = (symbol: string) => found?.names[symbol] ?? symbol

  const sessions = (await readOwnSessions(objects, manifest.beside)) ?? (await sessionsOf(reader))
  const indexOf = indexOfSessions(sessions)
  const universes = await readUniverses(objects, manifest.beside)
  const written = async function* () {
    yield calendarFile(sessions)
    for (const universe of found === undefined ? withAll(universes, reader) : universes) yield universeFile(universe, nameOf)
    for (const { symbol } of manifest.symbols) {
      const bars = await reader.bars(symbol)
      yield* found === undefined ? adjustedColumns(bars, reader.actions(symbol), indexOf) : columnFiles(nameOf(symbol), bars, {}, indexOf)
    }
  }
  for await (const file of written()) if (!foundPaths.has(file.path)) yield file
  if (asFound !== undefined) yield* readAsFoundFiles(objects, asFound)
}

function adjustedColumns(bars: BarColumns, actions: readonly CorporateAction[], indexOf: ReadonlyMap<string, number>): QlibFile[] {
  return columnFiles(bars.symbol, adjustBars(bars, actions), { factor: priceFactors(bars, actions) }, indexOf)
}

/** Every session on which any symbol has a bar. */
async function sessionsOf(reader: SnapshotBars): Promise<string[]> {
  const sessions = new Set<string>()
  for (const { symbol } of reader.manifest.symbols) for (const session of (await reader.bars(symbol)).sessions) sessions.add(session)
  return [...sessions].sort(compareText)
}

/** Qlib looks for a market `all`: each symbol from its first bar to its last. */
function withAll(universes: readonly Universe[], { manifest }: SnapshotBars): Universe[] {
  if (universes.some(({ name }) => name === 'all')) return [...universes]
  const spans = manifest.symbols.map(({ symbol, firstSession, lastSession }) => ({ symbol, from: firstSession, to: lastSession }))
  return [...universes, { name: 'all', spans }]
}
