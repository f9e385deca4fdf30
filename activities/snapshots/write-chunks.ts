import type { SnapshotChunk } from '#contracts/datasets.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { periodOf } from '#domain/market/chunk-layout.ts'
import { monthContents } from '#domain/market/month-contents.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { ahead } from '../ahead.ts'
import { coverageOf } from './bar-files.ts'
import { encodeBars } from './encode-bars.ts'
import { KnownChunks } from './known-chunks.ts'
import type { SnapshotReader } from './open-snapshot.ts'
import { type PeriodCut, PeriodShelf } from './period-shelf.ts'

/** Whole symbols of one group. */
export type GroupedBars = { group: number; symbols: readonly BarColumns[] }

/** Rows and chunks that are encoded and stored together, and how often at the same time. */
const rowsAtATime = 32_768
const chunksAtATime = 8
const batchesAtATime = 4

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
  const store = async (pieces: readonly BarColumns[]): Promise<SnapshotChunk> => {
    cancelled.throwIfAborted()
    const coverage = coverageOf(pieces)
    const chunk = await known.find(pieces)
    if (chunk !== undefined) return { object: chunk.object, ...coverage, months: chunk.months ?? monthContents(pieces) }
    return { object: await objects.put(encodeBars(pieces), 'parquet'), ...coverage, months: monthContents(pieces) }
  }
  const stored = ahead(inBatches(byPeriod(source, lastSession)), batchesAtATime, (batch) => Promise.all(batch.map(store)))
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
