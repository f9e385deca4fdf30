import type { BesideBars, KnownAtBasis, PriceJump, SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareActions, compareText, type CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { besideIdentity } from './beside-bars.ts'
import { writeManifest } from '#storage/snapshot-manifest.ts'

/** What the manifest says of a symbol, and what its identity is made of besides. */
export type DescribedSymbol = SnapshotManifest['symbols'][number] & SymbolIdentity

export type SnapshotContent = {
  symbols: readonly DescribedSymbol[]
  chunks: readonly SnapshotChunk[]
  knownAtBasis: KnownAtBasis
  lastSession: string
  actions: readonly CorporateAction[]
  clearedJumps: PriceJump[]
  beside: BesideBars | undefined
}

export function describeSymbol(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis): DescribedSymbol {
  return {
    ...symbolIdentity(bars, actions, knownAtBasis),
    rows: bars.sessions.length,
    firstSession: bars.sessions[0]!,
    lastSession: bars.sessions.at(-1)!,
  }
}

/** Names what the chunks hold, and writes the manifest that lists them. @throws QuantloopError unavailable */
export async function writeSnapshot(objects: ObjectStore, content: SnapshotContent): Promise<ObjectRef> {
  const { chunks, actions, knownAtBasis, lastSession, clearedJumps, beside } = content
  const symbols = [...content.symbols].sort((a, b) => compareText(a.symbol, b.symbol))
  return await writeManifest(objects, {
    format: 1,
    id: snapshotIdentity(symbols, knownAtBasis, besideIdentity(beside)),
    knownAtBasis,
    rows: symbols.reduce((sum, { rows }) => sum + rows, 0),
    firstSession: symbols.map(({ firstSession }) => firstSession).reduce((a, b) => (a < b ? a : b)),
    lastSession,
    symbols: symbols.map(({ provenanceSha256: _, ...symbol }) => symbol),
    chunks: [...chunks],
    actions: [...actions].sort(compareActions),
    clearedJumps,
    ...(beside === undefined ? {} : { beside }),
  })
}
