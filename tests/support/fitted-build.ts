import { createHash, randomUUID } from 'node:crypto'
import { Field, Float32, Float64, makeData, RecordBatch, Schema, Struct, Table, tableToIPC } from 'apache-arrow'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { FitReport, type FitResult, Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { dataset, snapshot } from '#db/schema.ts'
import { writeShard } from '#activities/features/shard-file.ts'
import { loadModel } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { featureHash, featureOrder, onnxFixture } from './model-version.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

export const snapshotId = sha256('the snapshot')
export const buildId = sha256('the build')
const symbols = ['AAPL', 'GOOG', 'IBM', 'MSFT']
const firstDay = Date.parse('2003-01-02')
/** three segments of 100, 40 and 100 sessions */
export const sessions = Array.from({ length: 240 }, (_, index) => new Date(firstDay + index * 86_400_000).toISOString().slice(0, 10))
const range = (from: number, to: number) => ({ from: sessions[from]!, to: sessions[to]! })

export const recipe: Recipe = Recipe.parse({
  model: 'lightgbm',
  params: {},
  dataset: 'us-daily',
  featureSet: 'technical',
  label: { expression: 'Ref($close,-1)/$close-1', kind: 'time-series' },
  segments: { train: range(0, 99), earlyStopping: range(100, 139), test: range(140, 239) },
  startFrom: 'mean',
  seed: 7,
  maxRounds: 100,
  patience: 10,
  blockRounds: 20,
  threads: 1,
  missing: 'refuse',
})

/** The generator mulberry32, in [-0.5, 0.5). */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5
  }
}

/** A dataset whose head is a snapshot; the snapshot's own objects are nobody's business here. */
export async function seedSnapshot(db: Database, objects: ObjectStore): Promise<void> {
  const manifest = await objects.put(Buffer.from('{}'), 'json')
  await db
    .insert(dataset)
    .values({ name: 'us-daily', connector: { kind: 'sample' }, headSnapshotId: snapshotId, lastSession: sessions.at(-1)! })
    .onConflictDoNothing()
  await db
    .insert(snapshot)
    .values({
      dataset: 'us-daily',
      id: snapshotId,
      syncId: randomUUID(),
      manifest,
      rows: 960,
      symbols: 4,
      actions: 0,
      firstSession: sessions[0]!,
      lastSession: sessions.at(-1)!,
      knownAtBasis: 'assumed',
    })
    .onConflictDoNothing()
}

export type FittedBuild = { build: { id: string; manifest: ObjectRef }; fit: FitResult }

/**
 * A build of random features and what a trainer would have made of it: a linear ONNX model that knows `knowledge` of
 * each label, beside noise. `parityError` shifts one of the trainer's own predictions.
 */
export async function storeFittedBuild(objects: ObjectStore, { knowledge = 0.8, parityError = 0 } = {}): Promise<FittedBuild> {
  const random = noise(11)
  const rows = symbols.length * sessions.length
  const columns = featureOrder.map((name) => ({ name, values: Float32Array.from({ length: rows }, random) }))
  const matrix = new Float32Array(rows * featureOrder.length)
  columns.forEach(({ values }, feature) => values.forEach((value, row) => (matrix[row * featureOrder.length + feature] = value)))
  const onnxBytes = onnxFixture('linear')
  const predictions = await predict(onnxBytes, matrix, rows)
  const spread = Math.max(...predictions) - Math.min(...predictions)
  const label = predictions.map((value) => knowledge * value + 0.2 * spread * random())
  const persistence = label.map(() => spread * random())
  const shard = await objects.put(
    writeShard(
      symbols.map((symbol) => ({ symbol, sessions })),
      [...columns, { name: 'label', values: label }, { name: 'persistence', values: persistence }],
    ),
    'arrow',
  )
  const manifest = await putJson(objects, manifestOf(shard, rows))
  const fit: FitResult = {
    onnx: await objects.put(onnxBytes, 'onnx'),
    report: await putJson(objects, reportOf(label)),
    parity: await objects.put(
      parityFile(
        columns,
        Float64Array.from(predictions, (value, row) => value + (row === 3 ? parityError : 0)),
      ),
      'arrow',
    ),
    rounds: 40,
    iterationsExecuted: 70,
    resumedFromRound: 20,
  }
  return { build: { id: buildId, manifest }, fit }
}

async function predict(onnx: Uint8Array, matrix: Float32Array, rows: number): Promise<Float32Array> {
  const model = await loadModel(onnx, { features: featureOrder.length })
  try {
    return await model.predict(matrix, rows)
  } finally {
    await model.release()
  }
}

const putJson = (objects: ObjectStore, value: unknown) => objects.put(Buffer.from(canonicalJson(value)), 'json')

const manifestOf = (shard: ObjectRef, rows: number): FeatureBuildManifest =>
  FeatureBuildManifest.parse({
    format: 1,
    definitionHash: sha256('the definition'),
    snapshotId,
    featureHash,
    engineVersion: '1',
    featureSet: { name: 'technical', version: 1 },
    columns: featureOrder.map((name) => ({ name, expression: '$close', lookback: 1 })),
    label: { ...recipe.label, persistence: '$close', reach: 1 },
    rows,
    sessions,
    shards: [{ object: shard, rows, symbols, firstSession: sessions[0], lastSession: sessions.at(-1) }],
  })

/** A linear baseline that has learned nothing but the mean. */
function reportOf(label: Float32Array): FitReport {
  const labelMean = label.reduce((sum, value) => sum + value, 0) / label.length
  const each = (value: number) => featureOrder.map(() => value)
  return FitReport.parse({
    rounds: 40,
    earlyStoppingLoss: 0.1,
    rows: { train: 396, earlyStopping: 156, refit: 556 },
    featureOrder,
    featureHash,
    gain: each(1),
    linear: { mean: each(0), scale: each(1), coefficients: each(0), intercept: labelMean, alpha: 1 },
    labelMean,
    persistenceShift: 0,
    libraries: { lightgbm: '4.7.0' },
  })
}

function parityFile(columns: { name: string; values: Float32Array }[], prediction: Float64Array): Uint8Array {
  const length = prediction.length
  const children = [
    ...columns.map(({ name, values }) => ({ name, data: makeData({ type: new Float32(), length, nullCount: 0, data: values }) })),
    { name: 'prediction', data: makeData({ type: new Float64(), length, nullCount: 0, data: prediction }) },
  ]
  const schema = new Schema(children.map(({ name, data }) => new Field(name, data.type, false)))
  const batch = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children: children.map(({ data }) => data) })
  return tableToIPC(new Table([new RecordBatch(schema, batch)]), 'file')
}
