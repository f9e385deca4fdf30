import type { SnapshotChunk } from '#contracts/datasets.ts'
import { calendarContents } from '#domain/features/calendar-grid.ts'
import type { GroupContents } from '#domain/features/slice-keys.ts'
import { compareText } from '#domain/market/actions.ts'
import { monthHashes, monthsBetween } from '#domain/market/month-contents.ts'
import type { SnapshotBars } from '../snapshots.ts'

/** What a snapshot's manifest and its calendar say of the content of some symbols: no bar is read. */
export function contentsOf(snapshot: SnapshotBars, symbols: readonly string[], calendar: readonly string[]): GroupContents {
  const wanted = new Set(symbols)
  const months = new Map<string, string[]>()
  for (const chunk of snapshot.manifest.chunks) {
    const own = chunk.symbols.filter((symbol) => wanted.has(symbol))
    if (own.length === 0) continue
    // a chunk that others share changes with them too
    const of = own.length === chunk.symbols.length ? '' : ` ${own.join()}`
    for (const [month, hash] of monthsOf(chunk)) months.set(month, [...(months.get(month) ?? []), hash + of])
  }
  const spans = snapshot.manifest.symbols.filter(({ symbol }) => wanted.has(symbol))
  for (const [month, content] of calendarContents(calendar, spans)) months.set(month, [...(months.get(month) ?? []), content])
  return {
    months: new Map([...months].sort(([a], [b]) => compareText(a, b)).map(([month, hashes]) => [month, hashes.sort(compareText)])),
    actions: symbols.flatMap((symbol) => snapshot.actions(symbol)),
  }
}

/** Of a chunk that does not tell them, its own hash stands for each of its months. */
const monthsOf = ({ object, months, firstSession, lastSession }: SnapshotChunk): [month: string, hash: string][] =>
  months === undefined
    ? monthsBetween(firstSession, lastSession).map((month) => [month, object.sha256])
    : monthHashes(months, firstSession, lastSession)
