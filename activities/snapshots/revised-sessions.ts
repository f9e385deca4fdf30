/**
 * What a later snapshot says otherwise than an earlier one. Only symbols whose content hash differs are looked at, and of
 * those only the chunks that one of the two does not list, so that a snapshot with one more session costs a month of bars.
 */
import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { type CorporateAction, compareActions, compareText } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readChunks } from './read-chunks.ts'
import { readManifest } from './read-manifest.ts'

const read = ['open', 'high', 'low', 'close', 'volume', 'vwap'] as const

/**
 * Sessions of `before` that `after` restates, ascending, by symbol; one without any is left out. A session is restated
 * when its raw bar has other values or is gone, or when an action that falls on it came, went or has another size: what
 * joins it to the session before is another then. Added sessions restate nothing.
 *
 * @throws QuantloopError object_missing | object_corrupt | unavailable
 */
export async function revisedSessions(objects: ObjectStore, before: ObjectRef, after: ObjectRef): Promise<Map<string, string[]>> {
  const [earlier, later] = await Promise.all([readManifest(objects, before), readManifest(objects, after)])
  const contents = new Map(later.symbols.map(({ symbol, contentSha256 }) => [symbol, contentSha256]))
  const changed = earlier.symbols.filter(({ symbol, contentSha256 }) => contents.get(symbol) !== contentSha256)
  if (changed.length === 0) return new Map()

  const symbols = new Set(changed.map(({ symbol }) => symbol))
  const [old, now] = await Promise.all([readOwn(objects, earlier, later, symbols), readOwn(objects, later, earlier, symbols)])
  const found = new Map<string, string[]>()
  for (const { symbol, firstSession, lastSession } of changed) {
    const restated = new Set(restatedBars(old.get(symbol), now.get(symbol)))
    for (const { exDate } of differingActions(actionsOf(earlier, symbol), actionsOf(later, symbol)))
      if (exDate > firstSession && exDate <= lastSession) restated.add(exDate)
    if (restated.size > 0) found.set(symbol, [...restated].sort(compareText))
  }
  return found
}

/** The bars of those chunks of a manifest that the other one does not list: equal chunks hold equal rows. */
async function readOwn(objects: ObjectStore, manifest: SnapshotManifest, other: SnapshotManifest, symbols: ReadonlySet<string>) {
  const shared = new Set(other.chunks.map(({ object }) => object.sha256))
  const own = manifest.chunks.filter((chunk) => !shared.has(chunk.object.sha256) && chunk.symbols.some((symbol) => symbols.has(symbol)))
  if (own.length === 0) return new Map<string, BarColumns>()
  return await readChunks(objects, own)
}

function restatedBars(old: BarColumns | undefined, now: BarColumns | undefined): string[] {
  if (old === undefined) return []
  const rows = new Map(now?.sessions.map((session, row) => [session, row]))
  return old.sessions.filter((session, row) => {
    const next = rows.get(session)
    return next === undefined || now === undefined || read.some((field) => !isSame(old[field]?.[row], now[field]?.[next]))
  })
}

/** A vwap that neither has is no difference. */
const isSame = (old = Number.NaN, now = Number.NaN) => old === now || (Number.isNaN(old) && Number.isNaN(now))

/** Actions that only one side has; one that was resized is on both. */
function differingActions(old: readonly CorporateAction[], now: readonly CorporateAction[]): CorporateAction[] {
  const without = (all: readonly CorporateAction[], others: readonly CorporateAction[]) =>
    all.filter((action) => !others.some((other) => compareActions(action, other) === 0))
  return [...without(old, now), ...without(now, old)]
}

const actionsOf = (manifest: SnapshotManifest, symbol: string) => manifest.actions.filter((action) => action.symbol === symbol)
