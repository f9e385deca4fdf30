import { createHash } from 'node:crypto'
import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareActions, compareText, type CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { periodOf } from '#domain/market/chunk-layout.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { coverageOf, readBarFiles, writeBarFiles } from '../snapshots/bar-files.ts'
import { readManifest, writeManifest } from '../snapshots/manifest.ts'
import { Examination, getJson, StagedBars } from './staged.ts'

export type Composition = { staged: ObjectRef; examination: ObjectRef; approved: boolean; parent: ObjectRef | null; cancelled: AbortSignal }

/**
 * Cuts staged bars into chunks and writes the manifest that lists them. Everything is named by its content: doing it
 * again stores nothing new, and a kill leaves at most chunks that nobody lists.
 */
export async function composeSnapshot(objects: ObjectStore, composition: Composition): Promise<ObjectRef> {
  const { cancelled, parent } = composition
  const staged = await getJson(objects, composition.staged, StagedBars)
  const { actions, jumps } = await getJson(objects, composition.examination, Examination)
  const stored = new Map(parent === null ? [] : (await readManifest(objects, parent)).chunks.map(({ object }) => [object.sha256, object]))
  const symbols: (SnapshotManifest['symbols'][number] & SymbolIdentity)[] = []
  const chunks: SnapshotManifest['chunks'] = []
  for (const part of staged.parts) {
    const bars = [...(await readBarFiles([await objects.file(part.object)])).values()]
    for (const symbol of bars) symbols.push(describe(symbol, actions, staged.knownAtBasis))
    const pieces = cut(bars, part.group, staged.lastSession)
    let piece = 0
    for await (const bytes of writeBarFiles(pieces)) {
      cancelled.throwIfAborted()
      chunks.push({ object: await storeOnce(objects, bytes, stored), ...coverageOf(pieces[piece++]!) })
    }
  }
  symbols.sort((a, b) => compareText(a.symbol, b.symbol))
  return await writeManifest(objects, {
    format: 1,
    id: snapshotIdentity(symbols, staged.knownAtBasis),
    knownAtBasis: staged.knownAtBasis,
    rows: staged.rows,
    firstSession: symbols.map(({ firstSession }) => firstSession).reduce((a, b) => (a < b ? a : b)),
    lastSession: staged.lastSession,
    symbols: symbols.map(({ provenanceSha256: _, ...symbol }) => symbol),
    chunks,
    actions: [...actions].sort(compareActions),
    clearedJumps: composition.approved ? jumps.map((jump) => ({ ...jump, clearedBy: jump.clearedBy ?? 'approval' })) : jumps,
  })
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

function describe(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: StagedBars['knownAtBasis']) {
  return {
    ...symbolIdentity(bars, actions, knownAtBasis),
    rows: bars.sessions.length,
    firstSession: bars.sessions[0]!,
    lastSession: bars.sessions.at(-1)!,
  }
}

/** A chunk that the head lists is in the store already. */
async function storeOnce(objects: ObjectStore, bytes: Uint8Array, stored: ReadonlyMap<string, ObjectRef>): Promise<ObjectRef> {
  return stored.get(createHash('sha256').update(bytes).digest('hex')) ?? (await objects.put(bytes, 'parquet'))
}
