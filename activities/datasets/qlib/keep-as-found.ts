import type { BesideBars } from '#contracts/datasets.ts'
import { columnIfAny } from '#domain/market/bars.ts'
import { refuseBar } from '#domain/market/bar-rules.ts'
import { calendarFile, columnFiles, type columnFields, indexOfSessions, type QlibFile, universeFile } from '#domain/qlib/files.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { AsFoundWriter } from './as-found.ts'
import type { Instrument, QlibFolder } from './folder.ts'
import { rowsOf } from './rows.ts'

const endOfTime = '9999-12-31'

/**
 * Writes the folder anew, file by file, from what will be a snapshot's content, and keeps each found file that does not
 * come out the same. Memory: the columns of one instrument and one part.
 */
export async function keepAsFound(
  objects: ObjectStore,
  folder: QlibFolder,
  cancelled: AbortSignal,
): Promise<NonNullable<BesideBars['asFound']>> {
  const nameOf = (symbol: string) => folder.names.get(symbol)!
  const kept = new AsFoundWriter(objects)
  const indexOf = indexOfSessions(folder.calendar)
  const texts = [calendarFile(folder.calendar), ...folder.universes.map((universe) => universeFile(universe, nameOf))]
  const instruments = new Map(folder.instruments.map((instrument) => [instrument.folder, instrument]))
  for (const [name, paths] of byFolder(folder.paths)) {
    cancelled.throwIfAborted()
    const instrument = instruments.get(name)
    const written = instrument === undefined ? texts : columnFiles(instrument.name, await barsOf(folder, instrument), {}, indexOf)
    for (const path of paths) {
      const bytes = await folder.bytes(path)
      if (!isEqual(written, path, bytes)) await kept.add({ path, bytes })
    }
  }
  return await kept.end(Object.fromEntries([...folder.names].filter(([symbol, name]) => symbol !== name)))
}

/** Paths by the folder of their instrument; what belongs to none is together. */
function byFolder(paths: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const path of paths) {
    const name = /^features\/([^/]+)\//.exec(path)?.[1] ?? ''
    const known = found.get(name)
    if (known === undefined) found.set(name, [path])
    else known.push(path)
  }
  return found
}

/** The bars that the import will take: what it refuses can only be kept as it was found. */
async function barsOf(folder: QlibFolder, instrument: Instrument) {
  const bars = (await rowsOf(folder, instrument)).flatMap(({ row }) =>
    'reason' in row || refuseBar(row, endOfTime) !== undefined ? [] : [row],
  )
  const column = (field: (typeof columnFields)[number]) => Float64Array.from(bars, (bar) => bar[field])
  return {
    sessions: bars.map(({ session }) => session),
    open: column('open'),
    high: column('high'),
    low: column('low'),
    close: column('close'),
    volume: column('volume'),
    vwap: columnIfAny(Float64Array.from(bars, ({ vwap }) => vwap ?? Number.NaN)),
  }
}

const isEqual = (written: readonly QlibFile[], path: string, bytes: Uint8Array) => {
  const same = written.find((file) => file.path === path)
  return same !== undefined && Buffer.compare(same.bytes, bytes) === 0
}
