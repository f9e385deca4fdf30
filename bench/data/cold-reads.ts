/** Reads of snapshots by a store whose cache is empty: how much of one is read for a symbol, and what a comparison costs. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSnapshot } from '#activities/snapshots.ts'
import { compareSnapshots } from '#activities/snapshots/compare-snapshots.ts'
import { readManifest } from '#storage/snapshot-manifest.ts'
import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import type { DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import { medianPair } from '../measurement.ts'

const pairs = 3
const numbers = ['open', 'high', 'low', 'close', 'volume'] as const

async function cold<T>({ store }: DatasetTestWorld, work: (objects: ObjectStore) => Promise<T>): Promise<T> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-bench-cache-'))
  try {
    return await work(createObjectStore(store.config, { cacheDir }))
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
}

export const bytesOf = ({ chunks }: SnapshotManifest, manifest: ObjectRef) =>
  chunks.reduce((sum, { object }) => sum + object.bytes, manifest.bytes)

/** Bytes that are read for one symbol, manifest included, as a share of the snapshot's: the mean of all symbols. */
export const openedShare = (world: DatasetTestWorld, ref: ObjectRef): Promise<number> =>
  cold(world, async (objects) => {
    let read = 0
    const counting = { ...objects, get: count((object) => objects.get(object)), file: count((object) => objects.file(object)) }
    function count<T>(fetch: (object: ObjectRef) => Promise<T>) {
      return (object: ObjectRef) => {
        read += object.bytes
        return fetch(object)
      }
    }
    const manifest = await readManifest(objects, ref)
    for (const { symbol } of manifest.symbols) await (await openSnapshot(counting, ref)).bars(symbol)
    return read / manifest.symbols.length / bytesOf(manifest, ref)
  })

type Differences = { added: number; removed: number; revised: number }

/** Seconds of a comparison and of reading both snapshots, the median pair, and whether both tell the same differences. */
export async function comparisonAgainstReading(world: DatasetTestWorld, before: ObjectRef, after: ObjectRef) {
  const figures: { ours: number; peer: number }[] = []
  let equal = true
  for (let pair = 0; pair < pairs; pair++) {
    const compared = await timed(() =>
      cold(world, async (objects) => {
        const side = (manifest: ObjectRef) => ({ dataset: 'bench', manifest })
        return (await compareSnapshots(objects, { before: side(before), after: side(after) }, new AbortController().signal)).bars
      }),
    )
    const read = await timed(() => cold(world, async (objects) => [await allOf(objects, before), await allOf(objects, after)] as const))
    const found = differences(...read.answer)
    equal &&= (Object.keys(found) as (keyof Differences)[]).every((kind) => found[kind] === compared.answer[kind])
    figures.push({ ours: compared.seconds, peer: read.seconds })
  }
  return { ...medianPair(figures), equal }
}

async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; answer: T }> {
  const started = performance.now()
  const answer = await work()
  return { seconds: (performance.now() - started) / 1000, answer }
}

async function allOf(objects: ObjectStore, ref: ObjectRef): Promise<Map<string, BarColumns>> {
  const reader = await openSnapshot(objects, ref)
  const bars = new Map<string, BarColumns>()
  for (const { symbol } of reader.manifest.symbols) bars.set(symbol, await reader.bars(symbol))
  return bars
}

/** Bar by bar, without what a comparison knows of chunks. */
function differences(before: Map<string, BarColumns>, after: Map<string, BarColumns>): Differences {
  const [old, now] = [barsOf(before), barsOf(after)]
  const found = { added: 0, removed: 0, revised: 0 }
  for (const [bar, values] of now) {
    const was = old.get(bar)
    if (was === undefined) found.added++
    else if (was !== values) found.revised++
  }
  for (const bar of old.keys()) if (!now.has(bar)) found.removed++
  return found
}

const barsOf = (all: Map<string, BarColumns>): Map<string, string> =>
  new Map(
    [...all.values()].flatMap((bars) =>
      bars.sessions.map((session, row) => [`${bars.symbol} ${session}`, numbers.map((field) => bars[field][row]).join()] as const),
    ),
  )

/** What all of a snapshot adds up to. */
export async function sumsOf(objects: ObjectStore, ref: ObjectRef): Promise<{ close: number; volume: number }> {
  const sums = { close: 0, volume: 0 }
  for (const bars of (await allOf(objects, ref)).values()) {
    for (const value of bars.close) sums.close += value
    for (const value of bars.volume) sums.volume += value
  }
  return sums
}
