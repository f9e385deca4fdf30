import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ModelSidecar, type Stage } from '#contracts/models.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Database } from '#db/client.ts'
import { dataset as datasets, featureRow, model, modelVersion } from '#db/schema.ts'
import type { ObjectStore } from '#storage/object-store.ts'

export const onnxFixture = (name: string) => new Uint8Array(readFileSync(new URL(`../inference/fixtures/${name}.onnx`, import.meta.url)))
export const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const hashOf = (text: string) => sha256Of(Buffer.from(text))

export const featureOrder = ['RETURN5', 'RETURN10', 'RSI14', 'VOLUME5']
export const featureHash = hashOf('four features')
export const buildId = hashOf('a build')
export const snapshotId = hashOf('a snapshot')

export type VersionOptions = {
  version?: number
  stage?: Stage
  onnx?: string
  missing?: 'accept' | 'refuse'
  /** the build that it was trained on; by default one that is nowhere */
  trainedOn?: { dataset: string; featureHash: string; buildId: string; snapshotId: string; featureOrder: string[]; fitReport: ObjectRef }
  /** replaces fields of the sidecar after it was checked against its contract */
  sidecar?: Record<string, unknown>
}

/** Registers a version of `name` whose ONNX file is a fixture and whose sidecar fits the contract, as training does. */
export async function registerVersion(db: Database, objects: ObjectStore, name: string, options: VersionOptions = {}) {
  const onnx = await objects.put(onnxFixture(options.onnx ?? 'linear'), 'onnx')
  const { dataset, ...learned } = options.trainedOn ?? { dataset: 'us-daily', featureHash, buildId, snapshotId }
  const content = { ...sidecarFor(onnx, options.missing ?? 'accept'), ...learned, ...options.sidecar }
  const sidecar = await objects.put(Buffer.from(JSON.stringify(content)), 'json')
  const version = options.version ?? 1
  const row = {
    name,
    version,
    stage: options.stage ?? ('staging' as const),
    runId: randomUUID(),
    onnx,
    sidecar,
    featureHash: learned.featureHash,
    snapshotId: learned.snapshotId,
    buildId: learned.buildId,
    dataset,
  }
  await db.insert(model).values({ name }).onConflictDoNothing()
  await db.insert(modelVersion).values(row)
  return row
}

/** The newest rows of a dataset's features, as a build leaves them for serving. */
export async function publishFeatureRows(db: Database, rows: Record<string, number[]>, session = '2008-05-30'): Promise<void> {
  await db
    .insert(datasets)
    .values({ name: 'us-daily', connector: { kind: 'sample' } })
    .onConflictDoNothing()
  for (const [symbol, values] of Object.entries(rows)) {
    const bytes = Buffer.from(Float32Array.from(values).buffer)
    const row = { dataset: 'us-daily', featureHash, symbol, session, buildId, values: bytes, sha256: sha256Of(bytes) }
    await db
      .insert(featureRow)
      .values(row)
      .onConflictDoUpdate({ target: [featureRow.dataset, featureRow.featureHash, featureRow.symbol], set: row })
  }
}

function sidecarFor(onnx: ObjectRef, missing: 'accept' | 'refuse'): ModelSidecar {
  const metrics = {
    rows: 100,
    sessions: 50,
    meanSquaredError: 0.1,
    bias: 0,
    skill: 0.1,
    symbolCorrelation: 0.2,
    informationCoefficient: null,
    rankInformationCoefficient: null,
    informationRatio: null,
    rankInformationRatio: null,
  }
  return ModelSidecar.parse({
    format: 1,
    onnx,
    recipe: {
      model: 'lightgbm',
      params: {},
      dataset: 'us-daily',
      featureSet: 'four',
      label: { expression: 'Ref($close,-1)/$close', kind: 'time-series' },
      segments: {
        train: { from: '2003-01-02', to: '2006-03-01' },
        earlyStopping: { from: '2006-03-03', to: '2006-12-29' },
        test: { from: '2007-01-03', to: '2008-05-30' },
      },
      startFrom: 'mean',
      seed: 7,
      maxRounds: 100,
      patience: 30,
      blockRounds: 20,
      threads: 1,
      missing,
    },
    featureOrder,
    featureHash,
    missing,
    input: { name: 'features', features: featureOrder.length },
    output: { name: 'prediction' },
    snapshotId,
    buildId,
    fitReport: onnx,
    evaluation: {
      segment: 'test',
      range: { from: '2007-01-03', to: '2008-05-30' },
      candidate: metrics,
      baselines: { persistence: metrics, mean: metrics, linear: metrics },
      gate: { passed: true, reason: 'better than every baseline', measure: 'squared-error', comparisons: [] },
      openings: 1,
      sessionErrors: onnx,
    },
    parity: { rows: 10, maxAbsoluteDifference: 0, tolerance: 1e-6, exceedingRows: 0 },
    libraries: {},
  } satisfies Record<keyof ModelSidecar, unknown>)
}
