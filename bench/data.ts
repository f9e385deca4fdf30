/**
 * Market data as versions, against DVC and pandas, in one run on the same files: bars of 300 symbols × 2,500 sessions as
 * CSV, the same with one session more, and with one bar revised.
 *
 * Ours is the way from the file to a snapshot: upload, import with every row validated, check, composition, on the real
 * store and database, in a process that runs already, as workers do. The peer's is `dvc add`, which knows nothing of rows,
 * plus pandas' parsing. Answers are equal when the snapshot holds as many rows as pandas read, with the same sums. The two
 * run by turns, and the pair of the median ratio is told.
 *
 * A comparison's peer is reading both snapshots, from an empty cache as it does, and finding the differences bar by bar.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readManifest } from '#storage/snapshot-manifest.ts'
import type { SnapshotManifest } from '#contracts/datasets.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { datasetWorld, type DatasetTestWorld } from '#tests/activities/datasets/world.ts'
import startServers from '#tests/support/global-setup.ts'
import { type BarFile, writeBarFile } from './data/bar-file.ts'
import { bytesOf, comparisonAgainstReading, openedShare, sumsOf } from './data/cold-reads.ts'
import { type ImportAnswer, ImportingProcess } from './data/importing-process.ts'
import { say, shown, uploadedImport } from './data/uploaded-import.ts'
import { type Measurement, measurement, medianPair } from './measurement.ts'
import { PythonPeer } from './python-peer.ts'

const base: BarFile = { symbols: 300, sessions: 2_500 }
/** The first is not counted: compilers, the store and the disk's cache settle. */
const pairs = 6

type Parsed = { seconds: number; rows: number; close: number; volume: number }
type Added = { seconds: number; stored: number }
type Bench = { world: DatasetTestWorld; importing: ImportingProcess; path: string; parse: () => Promise<Parsed>; add: () => Promise<Added> }

export async function benchmark(): Promise<Measurement[]> {
  const stop = await startServers()
  const folder = await mkdtemp(join(tmpdir(), 'quantloop-bench-data-'))
  const world = await datasetWorld()
  const importing = new ImportingProcess()
  const peer = new PythonPeer('dvc', 'versions.py')
  try {
    const repository = join(folder, 'repository')
    const path = join(repository, 'bars.csv')
    await mkdir(repository)
    await peer.ask({ init: repository })
    const bench: Bench = {
      world,
      importing,
      path,
      parse: () => peer.ask<Parsed>({ parse: path }),
      add: () => peer.ask<Added>({ add: 'bars.csv', folder: repository }),
    }
    const { first, measured } = await imports(bench)
    return [measured, ...(await versions(bench, first))]
  } finally {
    await Promise.all([peer.close(), importing.close()])
    await world.drop()
    await rm(folder, { recursive: true, force: true })
    await stop?.()
  }
}

async function imports(bench: Bench): Promise<{ first: ObjectRef; measured: Measurement }> {
  const { world, path, parse, add } = bench
  const figures: { ours: number; peer: number }[] = []
  let [first, parsed] = [undefined as ImportAnswer | undefined, undefined as Parsed | undefined]
  for (let pair = 0; pair < pairs; pair++) {
    // a new volume for each pair: neither side shall find what it stored before
    await writeBarFile(path, { ...base, sessions: base.sessions - pair })
    const ours = await uploadedImport(bench, path, null)
    const added = await add()
    const read = await parse()
    if (pair > 0) figures.push({ ours: ours.seconds, peer: added.seconds + read.seconds })
    say(
      `import: ours upload ${ours.uploadSeconds.toFixed(2)} s, ${shown(ours.steps)}; dvc add ${added.seconds.toFixed(2)} s, pandas ${read.seconds.toFixed(2)} s; load ${loadavg()[0]!.toFixed(1)}`,
    )
    first ??= ours
    parsed ??= read
  }
  const sums = await sumsOf(world.objects, first!.manifest)
  const close = (one: number, other: number) => Math.abs(one - other) <= 1e-9 * other
  return {
    first: first!.manifest,
    measured: measurement({
      name: 'import of 750,000 bars, against dvc add and pandas',
      unit: 's',
      ...medianPair(figures),
      goal: 1,
      answersEqual: first!.rows === parsed!.rows && close(sums.close, parsed!.close) && close(sums.volume, parsed!.volume),
    }),
  }
}

/** What changes store, how a snapshot lies in the store, and what reading it and comparing two of them costs. */
async function versions(bench: Bench, first: ObjectRef): Promise<Measurement[]> {
  const { world, path, add } = bench
  const { objects } = world
  const before = await readManifest(objects, first)
  await writeBarFile(path, base)
  await add()
  const size = (await stat(path)).size
  const changed = async (name: string, file: BarFile, goal: number) => {
    await writeBarFile(path, file)
    const { stored } = await add()
    const { manifest, rows } = await uploadedImport(bench, path, first)
    const ours = storedAgain(before, await readManifest(objects, manifest), manifest) / bytesOf(before, first)
    const answersEqual = rows === file.symbols * file.sessions
    return { manifest, measured: measurement({ name, unit: 'share', ours, peer: stored / size, goal, answersEqual }) }
  }
  const appended = await changed('one session appended to 300 × 2,500: stored again', { ...base, sessions: base.sessions + 1 }, 0.02)
  const revised = await changed('one bar of 300 × 2,500 revised: stored again', { ...base, revised: true }, 0.01)
  const { equal, ...compared } = await comparisonAgainstReading(world, first, appended.manifest)
  const limits = { answersEqual: true } as const
  return [
    appended.measured,
    revised.measured,
    measurement({
      ...limits,
      name: 'objects of a snapshot of 750,000 bars, against a thousand',
      unit: 'objects',
      ours: before.chunks.length + 1,
      peer: 1_000,
      goal: 1,
    }),
    measurement({
      ...limits,
      name: 'opening it for one symbol, against reading all of it',
      unit: 'share',
      ours: await openedShare(world, first),
      peer: 1,
      goal: 0.05,
    }),
    measurement({
      name: 'comparing it with one session more, against reading both',
      unit: 's',
      ...compared,
      goal: 0.1,
      answersEqual: equal,
    }),
  ]
}

function storedAgain(before: SnapshotManifest, after: SnapshotManifest, manifest: ObjectRef): number {
  const known = new Set(before.chunks.map(({ object }) => object.sha256))
  return after.chunks.reduce((sum, { object }) => sum + (known.has(object.sha256) ? 0 : object.bytes), manifest.bytes)
}
