import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBuild, type SymbolSlice } from '#activities/features/decoded-build.ts'
import { createThreadPool, type ThreadPool } from '#activities/features/thread-pool.ts'
import type { FeatureSet, LabelDefinition } from '#contracts/features.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { findSnapshot } from '#db/queries/snapshots.ts'
import { type BuildProcessor, processedLabel, processedSet } from '#domain/features/build-processors.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import { buildFeatures } from '#tests/support/build-features.ts'
import { type DatasetTestWorld, datasetWorld } from '../datasets/world.ts'

/** A Qlib folder with gaps and late listings, and pyqlib's own rows over it, by make_qlib_build.py. */
const document = fixture<{
  sets: { alpha158: string[]; operators: string[] }
  label: string
  files: Record<string, string>
  symbols: { name: string; sessions: string[]; answers: string; judged: [string, number, number | null][] }[]
}>('qlib-build')
const files = filesOf(document)
const label: LabelDefinition = { expression: document.label, kind: 'cross-sectional' }

/** A Qlib folder with a universe that symbols enter and leave, and pyqlib's own rows over it, by make_qlib_universe.py. */
type Answers = Record<string, { sessions: string[]; cells: string }>
const ofUniverse = fixture<{
  features: Record<string, string>
  label: string
  files: Record<string, string>
  plain: Answers
  processed: Record<string, Answers>
  'label ranked': Answers
}>('qlib-universe')

function fixture<T>(name: string): T {
  return JSON.parse(gunzipSync(readFileSync(new URL(`./fixtures/${name}.json.gz`, import.meta.url))).toString('utf8')) as T
}

function filesOf(folder: { files: Record<string, string> }): Map<string, Buffer> {
  return new Map(Object.entries(folder.files).map(([path, base64]) => [path, Buffer.from(base64, 'base64')]))
}

let world: DatasetTestWorld
let pool: ThreadPool
beforeAll(async () => {
  world = await datasetWorld()
  pool = createThreadPool(2)
})
afterAll(async () => {
  await pool?.close()
  await world?.drop()
})

/** The folder as it was when its calendar had so many sessions. */
function until(sessions: number): Map<string, Buffer> {
  const cut = (path: string, bytes: Buffer): Buffer => {
    if (path.startsWith('calendars/')) return Buffer.from(`${bytes.toString().split('\n').slice(0, sessions).join('\n')}\n`)
    return path.endsWith('.bin') ? bytes.subarray(0, 4 * (1 + sessions - bytes.readFloatLE(0))) : bytes
  }
  return new Map([...files].map(([path, bytes]) => [path, cut(path, bytes)]))
}

async function imported(folder: ReadonlyMap<string, Buffer>, dataset: string) {
  const tar = pack()
  for (const [name, bytes] of folder) tar.entry({ name }, bytes)
  tar.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk)
  const upload = await world.upload(Buffer.concat(chunks))
  const { snapshotId } = await world.sync({ kind: 'qlib', upload, filename: 'folder.tar' }, { dataset })
  return { id: snapshotId!, manifest: (await findSnapshot(world.db, snapshotId!, dataset))!.manifest }
}

/** Alpha158 and the other operators as one set. */
async function setOf(dataset: string): Promise<FeatureSet> {
  const alpha158 = await resolveSet(world.db, 'alpha158', label, { dataset })
  const operators = document.sets.operators.map((expression, index) => ({ name: `op${index}`, expression }))
  return { ...alpha158, features: [...alpha158.features, ...operators] }
}

async function built(folder: ReadonlyMap<string, Buffer>, dataset: string) {
  const snapshot = await imported(folder, dataset)
  const featureSet = await setOf(dataset)
  const buildId = await buildFeatures({ db: world.db, objects: world.objects, pool }, { snapshot, dataset, featureSet, label })
  const row = (await findFeatureBuild(world.db, buildId))!
  return { row, featureSet, ...(await openBuild(world.objects, row.manifest!)) }
}

/** Within 1e-4 of what is expected, or 1e-5 near zero; missing and infinite in the same cells. */
const near = (found: number, expected: number) =>
  Object.is(found, expected) || found === expected || Math.abs(found - expected) <= Math.max(1e-5, 1e-4 * Math.abs(expected))

describe('a build over a Qlib folder with gaps and late listings', () => {
  it('has pyqlib’s rows and cells, computed at once or as sessions were added', async () => {
    await built(until(125), 'qlib-grown')
    const [grown, whole] = [await built(files, 'qlib-grown'), await built(files, 'qlib-whole')]
    expect(whole.manifest.shards).toEqual(grown.manifest.shards)
    expect(grown.row.cacheHitRatio).toBeGreaterThan(0.3)
    expect(grown.featureSet.features.map(({ name }) => name).slice(0, 158)).toEqual(document.sets.alpha158)

    const slices = new Map(grown.slices.map((slice) => [slice.symbol, slice]))
    expect([...slices.keys()]).toEqual(document.symbols.map(({ name }) => name).sort())
    const names = [...grown.featureSet.features.map(({ name }) => name), 'label']
    const faults: string[] = []
    for (const { name: symbol, sessions, answers, judged } of document.symbols) {
      const slice = slices.get(symbol)!
      expect([symbol, [...slice.days].map(sessionOf)]).toEqual([symbol, sessions])
      const expected = new Float32Array(Uint8Array.from(Buffer.from(answers, 'base64')).buffer)
      const operator = (name: string) => `op${document.sets.operators.indexOf(name)}`
      const exact = new Map(
        judged.map(([name, row, value]) => [
          `${document.sets.operators.includes(name) ? operator(name) : name} ${row}`,
          value ?? Number.NaN,
        ]),
      )
      expect(expected).toHaveLength(names.length * sessions.length)
      names.forEach((name, index) => {
        slice.column(name).forEach((value, row) => {
          const theirs = exact.get(`${name} ${row}`) ?? expected[index * sessions.length + row]!
          if (!near(value, theirs)) faults.push(`${name} of ${symbol} on ${sessions[row]}: ${value}, not ${theirs}`)
        })
      })
    }
    expect(faults).toEqual([])
  })
})

describe('a build over a universe of a Qlib folder', () => {
  const processors: Record<string, BuildProcessor> = {
    CSZScoreNorm: { kind: 'CSZScoreNorm', method: 'zscore' },
    'CSZScoreNorm robust': { kind: 'CSZScoreNorm', method: 'robust' },
    CSRankNorm: { kind: 'CSRankNorm' },
    CSZFillna: { kind: 'CSZFillna' },
    ProcessInf: { kind: 'ProcessInf' },
  }
  const plain = Object.entries(ofUniverse.features).map(([name, expression]) => ({ name, expression }))
  /** Every feature as it is, and as each processor makes it. */
  const featureSet: FeatureSet = {
    name: 'processed',
    version: 1,
    description: '',
    // infinities are what ProcessInf is for
    limits: { infinite: 1 },
    features: Object.entries({ plain: undefined, ...processors }).flatMap(([kind, processor]) => {
      const set = { name: 'some', version: 1, description: '', features: plain }
      const { features } = processedSet(set, processor === undefined ? [] : [processor])
      return features.map((feature) => ({ ...feature, name: nameOf(kind, feature.name) }))
    }),
    universe: 'some',
  }
  function nameOf(kind: string, feature: string): string {
    return `${feature}_${kind.replace(' ', '_')}`
  }
  const raw: LabelDefinition = { expression: ofUniverse.label, kind: 'cross-sectional' }

  it('has pyqlib’s rows and cells, those of its cross-sectional processors too', async () => {
    const dataset = 'qlib-universe'
    const snapshot = await imported(filesOf(ofUniverse), dataset)
    const faults: string[] = []
    const compare = (slices: readonly SymbolSlice[], answers: Answers, names: readonly string[]) => {
      expect(slices.map(({ symbol, days }) => [symbol, [...days].map(sessionOf)])).toEqual(
        Object.entries(answers).map(([symbol, { sessions }]) => [symbol, sessions]),
      )
      for (const slice of slices) {
        const { sessions, cells } = answers[slice.symbol]!
        const expected = new Float32Array(Uint8Array.from(Buffer.from(cells, 'base64')).buffer)
        expect(expected).toHaveLength(names.length * sessions.length)
        names.forEach((name, index) => {
          slice.column(name).forEach((value, row) => {
            const theirs = expected[index * sessions.length + row]!
            if (!near(value, theirs)) faults.push(`${name} of ${slice.symbol} on ${sessions[row]}: ${value}, not ${theirs}`)
          })
        })
      }
    }
    const build = async (label: LabelDefinition) => {
      const buildId = await buildFeatures({ db: world.db, objects: world.objects, pool }, { snapshot, dataset, featureSet, label })
      return (await openBuild(world.objects, (await findFeatureBuild(world.db, buildId))!.manifest!)).slices
    }
    const names = plain.map(({ name }) => name)
    const slices = await build(raw)
    const named = (kind: string) => names.map((name) => nameOf(kind, name))
    compare(slices, ofUniverse.plain, [...named('plain'), 'label'])
    for (const [kind, answers] of Object.entries(ofUniverse.processed)) compare(slices, answers, named(kind))
    compare(await build(processedLabel(raw, [processors.CSRankNorm!])), ofUniverse['label ranked'], ['label'])
    expect(faults).toEqual([])
  })
})
