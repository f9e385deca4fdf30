import type { BesideBars, KnownAtBasis, PriceJump, SnapshotChunk, SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { compareActions, compareText, type CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, copyBars } from '#domain/market/bars.ts'
import { periodOf } from '#domain/market/chunk-layout.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import { snapshotIdentity, symbolIdentity, type SymbolIdentity } from '#domain/market/snapshot-identity.ts'
import { groupBy } from '#domain/group-by.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { coverageOf, writeBarFiles } from './bar-files.ts'
import { besideIdentity } from './beside-bars.ts'
import { KnownChunks } from './known-chunks.ts'
import { writeManifest } from './manifest.ts'
import type { SnapshotReader } from './open-snapshot.ts'

/** The bars of one group, whole symbols in parts that fit into memory. They are asked for again, period by period. */
export type GroupOfBars = { group: number; parts: () => AsyncIterable<readonly BarColumns[]> | Iterable<readonly BarColumns[]> }

/** Rows that are cut and encoded together. */
const rowsAtATime = 65_536
const batchesAtATime = 2
const putsAtATime = 6

export type SnapshotContent = {
  groups: readonly GroupOfBars[]
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
  const actionsOf = groupBy(actions, ({ symbol }) => symbol)
  const symbols: (SnapshotManifest['symbols'][number] & SymbolIdentity)[] = []
  const chunks: SnapshotManifest['chunks'] = []
  const batches = async function* () {
    for (const group of content.groups) {
      const periods = new Map<string, Period>()
      for await (const part of group.parts())
        for (const bars of part) {
          symbols.push(describe(bars, actionsOf.get(bars.symbol) ?? [], knownAtBasis))
          for (const { period, from, to } of cut(bars, group.group, lastSession)) {
            const found = periods.get(period)
            periods.set(period, {
              rows: (found?.rows ?? 0) + to - from,
              firstSession: earlierOf(found?.firstSession, bars.sessions[from]!),
            })
          }
        }
      for (const together of inBatches(periods)) yield await piecesOf(group, together, lastSession)
    }
  }
  const stored = ahead(batches(), batchesAtATime, async (pieces) => await store(objects, known, pieces, cancelled))
  for await (const batch of stored) chunks.push(...batch)
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

/** One chunk for each of `pieces`, in their order. */
async function store(
  objects: ObjectStore,
  known: KnownChunks,
  pieces: readonly BarColumns[][],
  cancelled: AbortSignal,
): Promise<SnapshotManifest['chunks']> {
  const stored: (SnapshotChunk | undefined)[] = []
  for (const piece of pieces) stored.push(await known.find(piece))
  const fresh = pieces.filter((_, index) => stored[index] === undefined)
  const written: ObjectRef[] = []
  const put = async (bytes: Uint8Array) => {
    cancelled.throwIfAborted()
    return await objects.put(bytes, 'parquet')
  }
  if (fresh.length > 0) for await (const object of ahead(writeBarFiles(fresh), putsAtATime, put)) written.push(object)
  return pieces.map((piece, index) => {
    const known = stored[index]
    return { object: known?.object ?? written.shift()!, ...coverageOf(piece), months: known?.months ?? monthContents(piece) }
  })
}

type Period = { rows: number; firstSession: string }

/** The periods of a group in the order of time, some at a time. */
function inBatches(periods: ReadonlyMap<string, Period>): string[][] {
  const batches: string[][] = []
  let rows = Number.POSITIVE_INFINITY
  for (const [period, own] of [...periods].sort(([, a], [, b]) => compareText(a.firstSession, b.firstSession))) {
    if (rows + own.rows > rowsAtATime) {
      batches.push([])
      rows = 0
    }
    batches.at(-1)!.push(period)
    rows += own.rows
  }
  return batches
}

/** The bars of each of `periods`, in their order. */
async function piecesOf({ group, parts }: GroupOfBars, periods: readonly string[], lastSession: string): Promise<BarColumns[][]> {
  const pieces = new Map(periods.map((period) => [period, [] as BarColumns[]]))
  for await (const part of parts())
    for (const bars of part)
      for (const { period, from, to } of cut(bars, group, lastSession)) pieces.get(period)?.push(copyBars(bars, from, to))
  return [...pieces.values()]
}

type Cut = { period: string; from: number; to: number }

/** Where the periods of a symbol begin and end: each is one run of rows. */
function cut({ sessions }: BarColumns, group: number, lastSession: string): Cut[] {
  const cuts: Cut[] = []
  for (let from = 0; from < sessions.length;) {
    const period = periodOf(sessions[from]!, group, lastSession)
    let [inside, outside] = [from, sessions.length]
    while (outside - inside > 1) {
      const middle = (inside + outside) >> 1
      if (periodOf(sessions[middle]!, group, lastSession) === period) inside = middle
      else outside = middle
    }
    cuts.push({ period, from, to: outside })
    from = outside
  }
  return cuts
}

const earlierOf = (one: string | undefined, other: string) => (one !== undefined && one < other ? one : other)

function describe(bars: BarColumns, actions: readonly CorporateAction[], knownAtBasis: KnownAtBasis) {
  return {
    ...symbolIdentity(bars, actions, knownAtBasis),
    rows: bars.sessions.length,
    firstSession: bars.sessions[0]!,
    lastSession: bars.sessions.at(-1)!,
  }
}
