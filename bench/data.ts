/**
 * Market data as versions, against DVC and pandas, in one run on the same files: bars of 300 symbols × 2,500 sessions as
 * CSV, the same with one session more, and with one bar revised.
 *
 * Ours is the way from the file to a snapshot: upload, import with every row validated, check, composition, on the real
 * store and database, in a process that runs already, as workers do. The peer's is `dvc add`, which knows nothing of rows,
 * plus pandas' parsing. Answers are equal when the snapshot holds as many rows as pandas read, with the same sums.
 *
 * Memory is the most that a fresh process ever holds resident while it imports 2 GB, less the same for 100 MB.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSnapshot } from '#activities/snapshots.ts'
import { readManifest } from '#activities/snapshots/manifest.ts'
import { fileBytes } from '#cli/local-bytes.ts'
import { upload as send } from '#cli/upload.ts'
import type { UploadResources } from '#cli/upload-resources.ts'
import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { createObjectStore } from '#storage/minio-object-store.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import startServers from '#tests/support/global-setup.ts'
import { type BarFile, writeBarFile } from './data/bar-file.ts'
import { type ImportAnswer, importInProcess } from './data/import-in-process.ts'
import { type Measurement, measurement, median } from './measurement.ts'
import { PythonPeer } from './python-peer.ts'

const base: BarFile = { symbols: 300, sessions: 2_500 }
const timedPairs = 3
/** 5,000 sessions of so many symbols are 100 MB and 2 GB. */
const [small, large] = [430, 8_800]

type Parsed = { seconds: number; rows: number; close: number; volume: number }
type Added = { seconds: number; stored: number }

export async function benchmark(): Promise<Measurement[]> {
  const stop = await startServers()
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bench-data-'))
  const world = await datasetWorld()
  const peer = new PythonPeer('dvc', 'versions.py')
  try {
    return [...(await againstDvc(world, peer, folder)), await memory(world, folder)]
  } finally {
    await peer.close()
    await world.drop()
    await rm(folder, { recursive: true, force: true })
    await stop?.()
  }
}

async function againstDvc(world: DatasetTestWorld, peer: PythonPeer, folder: string): Promise<Measurement[]> {
  const repository = join(folder, 'repository')
  const path = join(repository, 'bars.csv')
  await mkdir(repository)
  await peer.ask({ init: repository })
  const add = () => peer.ask<Added>({ add: 'bars.csv', folder: repository })

  const figures: { ours: number; peer: number }[] = []
  let [first, parsed] = [undefined as ImportAnswer | undefined, undefined as Parsed | undefined]
  for (let pair = 0; pair < timedPairs; pair++) {
    // a new volume for each pair: neither side shall find what it stored before
    await writeBarFile(path, { ...base, sessions: base.sessions - pair })
    const ours = await imported(world, path, null)
    const added = await add()
    const read = await peer.ask<Parsed>({ parse: path })
    figures.push({ ours: ours.seconds, peer: added.seconds + read.seconds })
    say(
      `import: ours ${shown(ours.steps)}, upload ${ours.uploadSeconds.toFixed(2)} s; dvc add ${added.seconds.toFixed(2)} s, pandas ${read.seconds.toFixed(2)} s`,
    )
    first ??= ours
    parsed ??= read
  }
  const manifest = await readManifest(world.objects, first!.manifest)
  const sums = await sumsOf(world, first!.manifest)
  const close = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * other
  const equal = manifest.rows === parsed!.rows && close(sums.close, parsed!.close) && close(sums.volume, parsed!.volume)
  const named = (name: string, unit: string, ours: number, other: number, goal: number, answersEqual = true) =>
    measurement({ name, unit, ours, peer: other, goal, answersEqual })

  await writeBarFile(path, base)
  await add()
  const size = (await stat(path)).size
  const changes: Measurement[] = []
  for (const [name, file, goal] of [
    ['one session appended to 300 × 2,500: stored again', { ...base, sessions: base.sessions + 1 }, 0.02],
    ['one bar of 300 × 2,500 revised: stored again', { ...base, revised: true }, 0.01],
  ] as const) {
    await writeBarFile(path, file)
    const { stored } = await add()
    const later = await imported(world, path, first!.manifest)
    const share =
      storedAgain(manifest, await readManifest(world.objects, later.manifest), later.manifest) / bytesOf(manifest, first!.manifest)
    changes.push(named(name, 'share', share, stored / size, goal, later.rows === file.symbols * file.sessions))
  }
  return [
    named(
      'import of 750,000 bars, against dvc add and pandas',
      's',
      median(figures.map(({ ours }) => ours)),
      median(figures.map((figure) => figure.peer)),
      1,
      equal,
    ),
    ...changes,
    named('objects of a snapshot of 750,000 bars, against a thousand', 'objects', manifest.chunks.length + 1, 1_000, 1),
    named('opening it for one symbol, against reading all of it', 'share', await openedShare(world, first!.manifest), 1, 0.05),
  ]
}

/** Uploads a file as the command line does and imports it; `seconds` is all of it. */
async function imported(world: DatasetTestWorld, path: string, parent: ObjectRef | null) {
  const started = performance.now()
  const upload = await send(await fileBytes(path), straight(world.objects), () => {})
  const uploadSeconds = (performance.now() - started) / 1000
  const input = world.inputOf({ kind: 'csv', upload, filename: 'bars.csv' } as const, 'bench')
  await world.activities.openSync(input)
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-bench-cache-'))
  try {
    const answer = await importInProcess({
      databaseUrl: world.databaseUrl,
      store: world.store.config,
      cacheDir,
      syncId: input.syncId,
      upload,
      parent,
    })
    return { ...answer, seconds: answer.seconds + uploadSeconds, uploadSeconds }
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
}

/** The routes of the API without their HTTP. */
const straight = (objects: ObjectStore): UploadResources => ({
  create: () => objects.presignUpload(),
  begin: (bytes) => objects.beginMultipart(bytes),
  urls: async (upload, uploadId, numbers) => ({
    urls: await Promise.all(numbers.map(async (number) => ({ number, url: await objects.presignPart(upload, uploadId, number) }))),
  }),
  parts: async (upload, uploadId) => ({ parts: await objects.storedParts(upload, uploadId) }),
  complete: async (upload, { uploadId, bytes }) => {
    await objects.completeMultipart(upload, uploadId, await objects.storedParts(upload, uploadId))
    return { upload, bytes }
  },
})

async function memory(world: DatasetTestWorld, folder: string): Promise<Measurement> {
  const most: number[] = []
  let whole = true
  for (const symbols of [small, large]) {
    const path = join(folder, 'large.csv')
    await writeBarFile(path, { symbols, sessions: 5_000 })
    const answer = await imported(world, path, null)
    say(
      `memory: ${((await stat(path)).size / 1e6).toFixed(0)} MB in ${shown(answer.steps)}, ${answer.memory.before.toFixed(0)} to ${answer.memory.most.toFixed(0)} MB`,
    )
    whole &&= answer.rows === symbols * 5_000
    most.push(answer.memory.most)
    await rm(path)
  }
  return measurement({
    name: 'memory of an import of 2 GB beyond that of 100 MB, against 64 MB',
    unit: 'MB',
    ours: Math.max(0, most[1]! - most[0]!),
    peer: 64,
    goal: 1,
    answersEqual: whole,
  })
}

async function sumsOf(world: DatasetTestWorld, ref: ObjectRef): Promise<{ close: number; volume: number }> {
  const reader = await openSnapshot(world.objects, ref)
  const sums = { close: 0, volume: 0 }
  for (const { symbol } of reader.manifest.symbols) {
    const bars = await reader.bars(symbol)
    for (const value of bars.close) sums.close += value
    for (const value of bars.volume) sums.volume += value
  }
  return sums
}

const bytesOf = ({ chunks }: SnapshotManifest, manifest: ObjectRef) =>
  chunks.reduce((sum, { object }) => sum + object.bytes, manifest.bytes)

function storedAgain(before: SnapshotManifest, after: SnapshotManifest, manifest: ObjectRef): number {
  const known = new Set(before.chunks.map(({ object }) => object.sha256))
  return after.chunks.reduce((sum, { object }) => sum + (known.has(object.sha256) ? 0 : object.bytes), manifest.bytes)
}

/** Bytes that are read for one symbol, manifest included, as a share of the snapshot's: the mean of all symbols. */
async function openedShare(world: DatasetTestWorld, ref: ObjectRef): Promise<number> {
  const cacheDir = await mkdtemp(join(tmpdir(), 'quantloop-bench-cache-'))
  const objects = createObjectStore(world.store.config, { cacheDir })
  let read = 0
  const counting = { ...objects, get: count((object) => objects.get(object)), file: count((object) => objects.file(object)) }
  function count<T>(fetch: (object: ObjectRef) => Promise<T>) {
    return (object: ObjectRef) => {
      read += object.bytes
      return fetch(object)
    }
  }
  try {
    const manifest = await readManifest(objects, ref)
    for (const { symbol } of manifest.symbols) await (await openSnapshot(counting, ref)).bars(symbol)
    return read / manifest.symbols.length / bytesOf(manifest, ref)
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
}

const shown = (steps: ImportAnswer['steps']) =>
  Object.entries(steps)
    .map(([step, seconds]) => `${step} ${seconds.toFixed(2)} s`)
    .join(', ')
const say = (line: string) => process.stderr.write(`${line}\n`)
