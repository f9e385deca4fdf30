/**
 * What two snapshots say differently. Chunks that both list hold equal rows and are not read, so that a comparison costs
 * what has changed; equal ids are equal contents, and nothing is read at all. Of the rest, symbols that share chunks are
 * looked at together, and small parts side by side: asking for a part costs more than some thousand rows of it. Memory:
 * what a few of the largest parts take.
 */
import type { SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { BarChange, Comparison } from '#contracts/snapshots.ts'
import { compareText } from '#domain/market/actions.ts'
import { compareActionLists } from '#domain/market/compare-actions.ts'
import { type BarDifference, compareBars } from '#domain/market/compare-bars.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { sessionsAmong } from './bar-files.ts'
import { readChunks } from './read-chunks.ts'
import { readManifest } from './read-manifest.ts'

export type Side = { dataset: string; manifest: ObjectRef }

/** More single changes than a person reads, or than an answer should hold; the counts are of all. */
const mostChanges = 10_000
/** Rows up to which parts are read together, and parts that are read while one is compared. */
const rowsAtATime = 32_768
const partsAtATime = 4

/** @throws QuantloopError object_missing | object_corrupt | unavailable */
export async function compareSnapshots(
  objects: ObjectStore,
  sides: { before: Side; after: Side },
  cancelled: AbortSignal,
  most = mostChanges,
): Promise<Comparison> {
  const [before, after] = await Promise.all([readManifest(objects, sides.before.manifest), readManifest(objects, sides.after.manifest)])
  const own = before.id === after.id ? { before: [], after: [] } : { before: notIn(before, after), after: notIn(after, before) }
  const found = new Findings(most)
  const knownAt = before.knownAtBasis === 'observed' && after.knownAtBasis === 'observed'
  const readPart = async (part: Part) => {
    cancelled.throwIfAborted()
    return await Promise.all([read(objects, [...part.before]), read(objects, [...part.after])])
  }
  for await (const [old, now] of ahead(together(connected(own.before, own.after)), partsAtATime, readPart)) {
    for (const symbol of [...new Set([...old.keys(), ...now.keys()])]) {
      for (const session of old.get(symbol)?.sessions ?? []) found.sessions.before.add(session)
      for (const session of now.get(symbol)?.sessions ?? []) found.sessions.after.add(session)
      for (const difference of compareBars(old.get(symbol), now.get(symbol), { knownAt })) found.add(symbol, difference)
    }
  }
  const shared = before.chunks.filter((chunk) => !own.before.includes(chunk))
  const symbols = { before: namesOf(before), after: namesOf(after) }
  return {
    format: 1,
    before: describe(sides.before, before),
    after: describe(sides.after, after),
    ...found.tallies(),
    symbols: { added: outside(symbols.after, symbols.before), removed: outside(symbols.before, symbols.after) },
    sessions: {
      added: await onlyHere(objects, found.sessions.after, found.sessions.before, before, shared),
      removed: await onlyHere(objects, found.sessions.before, found.sessions.after, after, shared),
    },
    actions: compareActionLists(before.actions, after.actions),
    read: {
      chunks: own.before.length + own.after.length,
      ofChunks: before.chunks.length + after.chunks.length,
      bytes: bytesOf(own.before) + bytesOf(own.after),
      ofBytes: bytesOf(before.chunks) + bytesOf(after.chunks),
    },
  }
}

type Counts = { added: number; removed: number; revised: number }

class Findings {
  readonly sessions = { before: new Set<string>(), after: new Set<string>() }
  private readonly bars: Counts = { added: 0, removed: 0, revised: 0 }
  private readonly bySymbol = new Map<string, Counts>()
  private readonly bySession = new Map<string, Counts>()
  private readonly changes: BarChange[] = []
  private readonly most: number

  constructor(most: number) {
    this.most = most
  }

  add(symbol: string, { session, kind, values }: BarDifference): void {
    this.bars[kind]++
    countIn(this.bySymbol, symbol)[kind]++
    countIn(this.bySession, session)[kind]++
    if (this.changes.length < this.most) this.changes.push({ symbol, session, kind, values })
  }

  tallies(): Pick<Comparison, 'bars' | 'bySymbol' | 'bySession' | 'changes' | 'listed'> {
    const all = this.bars.added + this.bars.removed + this.bars.revised
    return {
      bars: this.bars,
      bySymbol: inOrder(this.bySymbol).map(([symbol, counts]) => ({ symbol, ...counts })),
      bySession: inOrder(this.bySession).map(([session, counts]) => ({ session, ...counts })),
      changes: this.changes.sort((a, b) => compareText(a.symbol, b.symbol) || compareText(a.session, b.session)),
      listed: { complete: all === this.changes.length, most: this.most },
    }
  }
}

function countIn(counts: Map<string, Counts>, key: string): Counts {
  let found = counts.get(key)
  if (found === undefined) counts.set(key, (found = { added: 0, removed: 0, revised: 0 }))
  return found
}

const inOrder = <T>(counts: ReadonlyMap<string, T>) => [...counts].sort(([a], [b]) => compareText(a, b))

const notIn = (manifest: SnapshotManifest, other: SnapshotManifest): SnapshotChunk[] => {
  const listed = new Set(other.chunks.map(({ object }) => object.sha256))
  return manifest.chunks.filter(({ object }) => !listed.has(object.sha256))
}

type Part = { before: Iterable<SnapshotChunk>; after: Iterable<SnapshotChunk> }

/** Chunks of both sides in parts that have no symbol in common. */
function connected(before: readonly SnapshotChunk[], after: readonly SnapshotChunk[]): Part[] {
  const parts = new Map<string, { before: Set<SnapshotChunk>; after: Set<SnapshotChunk>; symbols: Set<string> }>()
  const join = (chunk: SnapshotChunk, side: 'before' | 'after') => {
    const joined = { before: new Set<SnapshotChunk>(), after: new Set<SnapshotChunk>(), symbols: new Set(chunk.symbols) }
    joined[side].add(chunk)
    for (const part of new Set(chunk.symbols.map((symbol) => parts.get(symbol)))) {
      for (const each of part?.before ?? []) joined.before.add(each)
      for (const each of part?.after ?? []) joined.after.add(each)
      for (const each of part?.symbols ?? []) joined.symbols.add(each)
    }
    for (const symbol of joined.symbols) parts.set(symbol, joined)
  }
  for (const chunk of before) join(chunk, 'before')
  for (const chunk of after) join(chunk, 'after')
  return [...new Set(parts.values())]
}

/** The same parts, small ones as one. */
function together(parts: readonly Part[]): Part[] {
  const batches: { before: SnapshotChunk[]; after: SnapshotChunk[]; rows: number }[] = []
  for (const { before, after } of parts) {
    const own = { before: [...before], after: [...after] }
    const rows = [...own.before, ...own.after].reduce((sum, chunk) => sum + chunk.rows, 0)
    const latest = batches.at(-1)
    if (latest === undefined || latest.rows + rows > rowsAtATime) batches.push({ ...own, rows })
    else {
      latest.before.push(...own.before)
      latest.after.push(...own.after)
      latest.rows += rows
    }
  }
  return batches
}

const read = async (objects: ObjectStore, chunks: readonly SnapshotChunk[]) =>
  chunks.length === 0 ? new Map<string, never>() : await readChunks(objects, chunks)

/**
 * Sessions of one side on which the other has no bar at all. Bars that both share may lie on them as well: those chunks
 * are asked only where they could.
 */
async function onlyHere(
  objects: ObjectStore,
  here: ReadonlySet<string>,
  there: ReadonlySet<string>,
  other: SnapshotManifest,
  shared: readonly SnapshotChunk[],
): Promise<string[]> {
  const candidates = [...here].filter((session) => !there.has(session)).sort(compareText)
  const inside = candidates.filter((session) => session >= other.firstSession && session <= other.lastSession)
  const covering = shared.filter((chunk) => inside.some((session) => session >= chunk.firstSession && session <= chunk.lastSession))
  if (covering.length === 0) return candidates
  const known = await sessionsAmong(await Promise.all(covering.map(({ object }) => objects.file(object))), inside)
  return candidates.filter((session) => !known.has(session))
}

const describe = ({ dataset }: Side, { id, rows, firstSession, lastSession, knownAtBasis }: SnapshotManifest) => ({
  dataset,
  snapshotId: id,
  rows,
  firstSession,
  lastSession,
  knownAtBasis,
})

const namesOf = ({ symbols }: SnapshotManifest) => symbols.map(({ symbol }) => symbol)
const outside = (names: readonly string[], others: readonly string[]) => {
  const known = new Set(others)
  return names.filter((name) => !known.has(name))
}
const bytesOf = (chunks: readonly SnapshotChunk[]) => chunks.reduce((sum, { object }) => sum + object.bytes, 0)
