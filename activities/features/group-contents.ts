import type { SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import { calendarContents } from '#domain/features/calendar-grid.ts'
import type { GroupContents } from '#domain/features/slice-keys.ts'
import { compareText } from '#domain/market/actions.ts'
import { monthHashes, monthsBetween } from '#domain/market/month-contents.ts'
import type { SnapshotBars } from '../snapshots.ts'

/** A build is planned and computed by the same process, and nobody changes a manifest. */
const known = new WeakMap<SnapshotManifest, Map<string, { calendar: readonly string[]; contents: GroupContents }>>()

/** What a snapshot's manifest and its calendar say of the content of some symbols: no bar is read. */
export function contentsOf(snapshot: SnapshotBars, symbols: readonly string[], calendar: readonly string[]): GroupContents {
  const { manifest } = snapshot
  const groups = known.get(manifest) ?? new Map()
  known.set(manifest, groups)
  const key = symbols.join()
  const found = groups.get(key)
  if (found?.calendar === calendar) return found.contents
  const contents = readContents(snapshot, symbols, calendar)
  groups.set(key, { calendar, contents })
  return contents
}

function readContents(snapshot: SnapshotBars, symbols: readonly string[], calendar: readonly string[]): GroupContents {
  const wanted = new Set(symbols)
  const months = new Map<string, string[]>()
  const add = (month: string, content: string) => {
    const own = months.get(month)
    if (own === undefined) months.set(month, [content])
    else own.push(content)
  }
  for (const chunk of chunksOf(snapshot.manifest, symbols)) {
    const own = chunk.symbols.filter((symbol) => wanted.has(symbol))
    // a chunk that others share changes with them too
    const of = own.length === chunk.symbols.length ? '' : ` ${own.join()}`
    for (const [month, hash] of monthsOf(chunk)) add(month, hash + of)
  }
  const spans = snapshot.manifest.symbols.filter(({ symbol }) => wanted.has(symbol))
  for (const [month, content] of calendarContents(calendar, spans)) add(month, content)
  return {
    months: new Map([...months].sort(([a], [b]) => compareText(a, b)).map(([month, hashes]) => [month, hashes.sort(compareText)])),
    actions: symbols.flatMap((symbol) => snapshot.actions(symbol)),
  }
}

/** The chunks of each symbol: one group after another asks for its own. */
const bySymbol = new WeakMap<SnapshotManifest, Map<string, SnapshotChunk[]>>()

function chunksOf(manifest: SnapshotManifest, symbols: readonly string[]): Set<SnapshotChunk> {
  const chunks = bySymbol.get(manifest) ?? new Map<string, SnapshotChunk[]>()
  if (!bySymbol.has(manifest)) {
    for (const chunk of manifest.chunks)
      for (const symbol of chunk.symbols) {
        const own = chunks.get(symbol)
        if (own === undefined) chunks.set(symbol, [chunk])
        else own.push(chunk)
      }
    bySymbol.set(manifest, chunks)
  }
  return new Set(symbols.flatMap((symbol) => chunks.get(symbol) ?? []))
}

/** Of a chunk that does not tell them, its own hash stands for each of its months. */
const monthsOf = ({ object, months, firstSession, lastSession }: SnapshotChunk): [month: string, hash: string][] =>
  months === undefined
    ? monthsBetween(firstSession, lastSession).map((month) => [month, object.sha256])
    : monthHashes(months, firstSession, lastSession)
