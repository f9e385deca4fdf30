import type { SnapshotChunk } from '#contracts/datasets.ts'
import { firstFrom } from '#domain/features/slices.ts'
import { groupBy } from '#domain/group-by.ts'
import { compareText } from '#domain/market/actions.ts'
import { type BarColumns, copyBars, joinBars, sliceBars } from '#domain/market/bars.ts'
import { GrowingBars } from '#domain/market/growing-bars.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { decodeBars } from './decode-bars.ts'
import { readChunks } from './read-chunks.ts'
import { within } from './rows-of-chunk.ts'

type DecodedChunk = readonly BarColumns[]

/** Of about 80 bytes each. */
const keptRows = 1_000_000

const decoded = new RecentlyUsed<DecodedChunk>(keptRows, (chunk) => chunk.reduce((rows, { sessions }) => rows + sessions.length, 0))

/** A symbol's rows since a month, of all chunks but the newest, which are the same the session after. */
const growing = new RecentlyUsed<GrowingBars>(keptRows, ({ rows }) => rows)

/**
 * The bars of some chunks of a snapshot from a month on, by symbol, as `readByFeatures`. What was decoded lately is not read again: months that are over are
 * the same chunks in each snapshot after, so that one session more reads the files of the open month.
 * @throws QuantloopError object_missing | object_corrupt | unavailable
 */
export async function readKeptChunks(
  objects: ObjectStore,
  chunks: readonly SnapshotChunk[],
  month: string,
): Promise<Map<string, BarColumns>> {
  const found = new Map(chunks.map((chunk) => [chunk, decoded.get(chunk.object.sha256)]))
  const absent = chunks.filter((chunk) => found.get(chunk) === undefined)
  if (absent.length > 0) {
    const others: SnapshotChunk[] = []
    const keep = (chunk: SnapshotChunk, own: DecodedChunk) => {
      decoded.set(chunk.object.sha256, own)
      found.set(chunk, own)
    }
    const decode = async (chunk: SnapshotChunk) => {
      const own = decodeBars(await objects.fetch(chunk.object))
      if (own === undefined) others.push(chunk)
      else keep(chunk, own)
    }
    await Promise.all(absent.map(decode))
    const bars = others.length === 0 ? new Map<string, BarColumns>() : await readChunks(objects, others)
    for (const chunk of others)
      keep(
        chunk,
        chunk.symbols.flatMap((symbol) => {
          const rows = bars.get(symbol)
          return rows === undefined ? [] : [ofItsOwn(within(rows, chunk), chunk)]
        }),
      )
  }
  const inTime = chunks.toSorted((a, b) => compareText(a.firstSession, b.firstSession))
  const pieces = groupBy(
    inTime.flatMap((chunk) => found.get(chunk)!.map((bars) => ({ bars, chunk: chunk.object.sha256 }))),
    ({ bars }) => bars.symbol,
  )
  return new Map([...pieces].map(([symbol, own]) => [symbol, joinPieces(own, month)]))
}

type Piece = { bars: BarColumns; chunk: string }

/** Pieces of one symbol in the order of time, from a month on. */
function joinPieces(pieces: readonly Piece[], month: string): BarColumns {
  const [first, ...others] = pieces.slice(0, -1)
  const newest = pieces.at(-1)!.bars
  if (first === undefined) return since(newest, month)
  const older = () => joinBars(since(first.bars, month), ...others.map(({ bars }) => bars))
  const key = `${newest.symbol} ${month} ${[first, ...others].map(({ chunk }) => chunk).join()}`
  const known = growing.of(key, () => new GrowingBars(older()))
  const grown = known.with(newest)
  if (grown !== undefined) return grown
  const fresh = new GrowingBars(older())
  growing.set(key, fresh)
  return fresh.with(newest) ?? joinBars(older(), newest)
}

function since(bars: BarColumns, month: string): BarColumns {
  const from = firstFrom(bars.sessions, month)
  return from === 0 ? bars : sliceBars(bars, from, bars.sessions.length)
}

/** So that a chunk that is dropped frees its memory, whatever was read with it; without a column that only another brought. */
const ofItsOwn = ({ vwap, ...bars }: BarColumns, chunk: SnapshotChunk): BarColumns =>
  copyBars(readByFeatures({ ...bars, vwap: chunk.vwap === true ? vwap : undefined }), 0, bars.sessions.length)

/** Bars without what no feature reads. */
export const readByFeatures = (bars: BarColumns): BarColumns => ({ ...bars, adjustedClose: undefined, knownAt: [] })
