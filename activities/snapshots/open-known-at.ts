import type { SnapshotChunk } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { actionsKnownAt, barsKnownAt } from '#domain/market/known-at.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import { symbolContentSha256 } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { coverageOf } from './bar-files.ts'
import { readByFeatures } from './decoded-chunks.ts'
import { type LaterBars, openSnapshot, type SnapshotBars } from './open-snapshot.ts'
import { within } from './rows-of-chunk.ts'

/**
 * Opens a snapshot as it was known at an instant, or as it is without one. Its manifest lists only those of `symbols` of
 * which a bar was known, and their chunks, each with the hash of what was: equal knowledge has equal hashes, whatever instant was asked for.
 * The vendor's adjusted close is left out, for it is restated as a whole and tells of later actions.
 *
 * @throws QuantloopError not_found | object_missing | object_corrupt | unavailable
 */
export async function openSnapshotKnownAt(
  objects: ObjectStore,
  ref: ObjectRef,
  asOf: string | undefined,
  symbols: readonly string[],
): Promise<SnapshotBars & LaterBars> {
  const snapshot = await openSnapshot(objects, ref)
  if (asOf === undefined) return snapshot
  const bars = async (symbol: string) => ({ ...barsKnownAt(await snapshot.bars(symbol), asOf), adjustedClose: undefined })
  const actions = (symbol: string) => actionsKnownAt(snapshot.actions(symbol), asOf)
  const known: SnapshotBars['manifest']['symbols'] = []
  const pieces = new Map<SnapshotChunk, BarColumns[]>()
  for (const symbol of symbols) {
    const found = await bars(symbol)
    if (found.sessions.length === 0) continue
    known.push({
      symbol,
      rows: found.sessions.length,
      firstSession: found.sessions[0]!,
      lastSession: found.sessions.at(-1)!,
      contentSha256: symbolContentSha256(found, actions(symbol)),
    })
    for (const chunk of snapshot.manifest.chunks)
      if (chunk.symbols.includes(symbol)) pieces.set(chunk, [...(pieces.get(chunk) ?? []), within(found, chunk)])
  }
  return {
    manifest: { ...snapshot.manifest, symbols: known, chunks: [...pieces].flatMap(([chunk, own]) => knownChunk(chunk, own)) },
    bars,
    async barsSince(wanted) {
      return new Map(await Promise.all(wanted.map(async (symbol) => [symbol, readByFeatures(await bars(symbol))] as const)))
    },
    actions,
  }
}

/** What of a chunk was known. */
function knownChunk({ object }: SnapshotChunk, pieces: readonly BarColumns[]): SnapshotChunk[] {
  const own = pieces.filter(({ sessions }) => sessions.length > 0)
  return own.length === 0 ? [] : [{ object, ...coverageOf(own), months: monthContents(own) }]
}
