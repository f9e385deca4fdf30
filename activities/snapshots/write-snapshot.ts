import type { BesideBars, KnownAtBasis, PriceJump, SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareActions, compareText, type CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { periodOf } from '#domain/market/chunk-layout.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { coverageOf, writeBarFiles } from './bar-files.ts'
import { besideIdentity } from './beside-bars.ts'
import { KnownChunks } from './known-chunks.ts'
import { writeManifest } from './manifest.ts'
import type { SnapshotReader } from './open-snapshot.ts'

/** All bars of the symbols of one group. */
export type GroupOfBars = { group: number; bars: readonly BarColumns[] }

export type SnapshotContent = {
  groups: AsyncIterable<GroupOfBars> | Iterable<GroupOfBars>
  knownAtBasis: KnownAtBasis
  lastSession: string
  actions: readonly CorporateAction[]
  clearedJumps: PriceJump[]
  beside: BesideBars | undefined
}

/**
 * Cuts bars into chunks and writes the manifest that lists them. Chunks that `earlier` holds are listed again, and not
 * encoded. Everything is named by its content: doing it again stores nothing new, and a kill leaves at most chunks that
 * nobody lists.
 */
export async function writeSnapshot(
  objects: ObjectStore,
  content: SnapshotContent,
  { earlier, cancelled }: { earlier: SnapshotReader | undefined; cancelled: AbortSignal },
): Promise<ObjectRef> {
  const { actions, knownAtBasis, lastSession, clearedJumps, beside } = content
  const known = new KnownChunks(earlier)
  const symbols: (SnapshotManifest['symbols'][number] & SymbolIdentity)[] = []
  const chunks: SnapshotManifest['chunks'] = []
  for await (const { group, bars } of content.groups) {
    for (const symbol of bars) symbols.push(describe(symbol, actions, knownAtBasis))
    const pieces = cut(bars, group, lastSession)
    const stored = await Promise.all(pieces.map((piece) => known.find(piece)))
    const fresh = await store(
      objects,
      pieces.filter((_, index) => stored[index] === undefined),
      cancelled,
    )
    pieces.forEach((piece, index) => chunks.push({ object: stored[index] ?? fresh.shift()!, ...coverageOf(piece) }))
  }
  symbols.sort((a, b) => compareText(a.symbol, b.symbol))
  return await writeManifest(objects, {
    format: 1,
    id: snapshotIdentity(symbols, knownAtBasis, besideIdentity(beside)),
    knownAtBasis,
    rows: symbols.reduce((sum, { rows }) => sum + rows, 0),
    firstSession: symbols.map(({ firstSession }) => firstSession).reduce((a, b) => (a < b ? a : b)),
    lastSession,
    symbols: symbols.map(({ provenanceSha256: _, ...symbol }) => symbol),
    chunks,
    actions: [...actions].sort(compareActions),
    clearedJumps,
    ...(beside === undefined ? {} : { beside }),
  })
}

async function store(objects: ObjectStore, pieces: readonly BarColumns[][], cancelled: AbortSignal): Promise<ObjectRef[]> {
  const stored: ObjectRef[] = []
  if (pieces.length === 0) return stored
  for await (const bytes of writeBarFiles(pieces)) {
    cancelled.throwIfAborted()
    stored.push(await objects.put(bytes, 'parquet'))
  }
  return stored
}

/** The bars of a group by period, in the order of time. */
function cut(bars: readonly BarColumns[], group: number, lastSession: string): BarColumns[][] {
  const periods = new Map<string, BarColumns[]>()
  for (const symbol of bars) {
    for (let from = 0; from < symbol.sessions.length;) {
      const period = periodOf(symbol.sessions[from]!, group, lastSession)
      let to = from + 1
      while (to < symbol.sessions.length && periodOf(symbol.sessions[to]!, group, lastSession) === period) to++
      periods.set(period, [...(periods.get(period) ?? []), sliceBars(symbol, from, to)])
      from = to
    }
  }
  return [...periods.values()].sort((a, b) => compareText(a[0]!.sessions[0]!, b[0]!.sessions[0]!))
}

function describe(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis) {
  return {
    ...symbolIdentity(bars, actions, knownAtBasis),
    rows: bars.sessions.length,
    firstSession: bars.sessions[0]!,
    lastSession: bars.sessions.at(-1)!,
  }
}
