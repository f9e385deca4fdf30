import type { SnapshotChunk } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { periodOf } from '#domain/market/chunk-layout.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { coverageOf, writeBarFiles } from './bar-files.ts'
import { KnownChunks } from './known-chunks.ts'
import type { SnapshotReader } from './open-snapshot.ts'
import { type PeriodCut, PeriodShelf } from './period-shelf.ts'

/** Whole symbols of one group. */
export type GroupedBars = { group: number; symbols: readonly BarColumns[] }

/** Rows and chunks that are encoded together: DuckDB keeps a hundred files open at once. */
const rowsAtATime = 65_536
const chunksAtATime = 64
const batchesAtATime = 3
const putsAtATime = 6

/**
 * Cuts bars, which come by group, into chunks and stores them. Chunks that `earlier` holds are listed again, and not
 * encoded. Each is named by its content: doing it again stores nothing new, and a kill leaves at most chunks that nobody
 * lists. Memory: some batches of rows, however large a group is.
 *
 * @throws QuantloopError unavailable
 */
export async function writeChunks(
  objects: ObjectStore,
  source: AsyncIterable<GroupedBars> | Iterable<GroupedBars>,
  { lastSession, earlier, cancelled }: { lastSession: string; earlier: SnapshotReader | undefined; cancelled: AbortSignal },
): Promise<SnapshotChunk[]> {
  const known = new KnownChunks(earlier)
  const chunks: SnapshotChunk[] = []
  const stored = ahead(inBatches(byPeriod(source, lastSession)), batchesAtATime, (pieces) => store(objects, known, pieces, cancelled))
  for await (const batch of stored) chunks.push(...batch)
  return chunks
}

/** The bars of each chunk: group by group, and within a group in the order of time. */
async function* byPeriod(
  source: AsyncIterable<GroupedBars> | Iterable<GroupedBars>,
  lastSession: string,
): AsyncGenerator<readonly BarColumns[]> {
  const shelf = new PeriodShelf()
  let current: number | undefined
  try {
    for await (const { group, symbols } of source) {
      if (group !== current) yield* shelf.take()
      current = group
      for (const bars of symbols) await shelf.add(bars, cut(bars, group, lastSession))
    }
    yield* shelf.take()
  } finally {
    await shelf.close()
  }
}

async function* inBatches(source: AsyncIterable<readonly BarColumns[]>): AsyncGenerator<(readonly BarColumns[])[]> {
  let [batch, rows] = [[] as (readonly BarColumns[])[], 0]
  for await (const pieces of source) {
    const own = pieces.reduce((sum, { sessions }) => sum + sessions.length, 0)
    if (batch.length > 0 && (rows + own > rowsAtATime || batch.length >= chunksAtATime)) {
      yield batch
      ;[batch, rows] = [[], 0]
    }
    batch.push(pieces)
    rows += own
  }
  if (batch.length > 0) yield batch
}

/** One chunk for each of `pieces`, in their order. */
async function store(
  objects: ObjectStore,
  known: KnownChunks,
  pieces: readonly (readonly BarColumns[])[],
  cancelled: AbortSignal,
): Promise<SnapshotChunk[]> {
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

/** Where the periods of a symbol begin and end. */
function cut({ sessions }: BarColumns, group: number, lastSession: string): PeriodCut[] {
  const cuts: PeriodCut[] = []
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
