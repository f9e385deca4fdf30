import { QuantloopError } from '#contracts/errors.ts'
import type { PredictionRecord, Trace } from '#contracts/predictions.ts'
import type { Database } from '#db/client.ts'
import { findModelVersion } from '#db/queries/models.ts'
import { findPrediction } from '#db/queries/predictions.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { openMembership } from '../features/open-membership.ts'
import { calendarOfDataset } from '../snapshots.ts'
import { Evidence, sha256Of } from './evidence.ts'
import { recomputeFeatures, type RecomputedFeatures } from './recompute-features.ts'
import { reloadModel } from './reload-model.ts'
import { openBuild } from './open-build.ts'
import { verifySnapshot } from './verify-snapshot.ts'

/**
 * From a prediction back to its bars: every object is read and hashed again, the features are computed again from the
 * bars and the prediction from them. A hash that differs is a link that does not match; what lies behind it is not
 * looked at, for its bytes are not to be trusted.
 * @throws QuantloopError not_found | object_missing | unavailable
 */
export async function verifyPrediction(db: Database, objects: ObjectStore, predictionId: string, cancelled: AbortSignal): Promise<Trace> {
  const prediction = await findPrediction(db, predictionId)
  if (prediction === undefined)
    throw new QuantloopError(
      'not_found',
      `PostgreSQL has no prediction ${predictionId}: it ships a moment after its answer, or the id is wrong`,
    )
  const version = await findModelVersion(db, prediction.model.name, prediction.model.version)
  if (version === undefined)
    throw new QuantloopError('not_found', `there is no model version ${prediction.model.name}@${prediction.model.version}`)

  const evidence = new Evidence(objects, cancelled)
  const { input } = prediction
  const model = await reloadModel(evidence, version, prediction.onnxSha256)
  const build = await openBuild(db, evidence, input.kind === 'feature-row' ? input.buildId : version.buildId)
  const snapshot = build && (await verifySnapshot(objects, evidence, build))
  let features: RecomputedFeatures | undefined
  if (input.kind === 'feature-row' && build && snapshot) {
    const calendar = await calendarOfDataset(objects, snapshot.manifest)
    const members = await openMembership(objects, snapshot, build.manifest.universe)
    features = await recomputeFeatures(evidence, build, { snapshot, calendar, members }, input)
  }
  if (input.kind === 'tensor') evidence.compare('prediction', predictionId, input.sha256, sha256Of(tensorRow(input.values)))

  const row = input.kind === 'tensor' ? tensorRow(input.values) : features?.row
  const recomputedValue = row && model ? await model.predict(row) : null
  const featuresRecomputed = input.kind === 'tensor' ? null : (features?.equal ?? false)
  return {
    predictionId,
    endpoint: prediction.endpoint,
    model: prediction.model,
    runId: version.runId,
    deploymentId: prediction.deploymentId,
    buildId: build?.id ?? (input.kind === 'feature-row' ? input.buildId : version.buildId),
    snapshotId: build?.manifest.snapshotId ?? version.snapshotId,
    onnxSha256: prediction.onnxSha256,
    symbol: input.kind === 'feature-row' ? input.symbol : null,
    session: input.kind === 'feature-row' ? input.session : null,
    bars: features?.bars ?? null,
    links: evidence.links,
    featuresRecomputed,
    recordedValue: prediction.value,
    recomputedValue,
    verified: evidence.holds && featuresRecomputed !== false && recomputedValue === prediction.value,
  }
}

/** The float32 bytes that were predicted from; null is a missing value. */
const tensorRow = (values: Extract<PredictionRecord['input'], { kind: 'tensor' }>['values']): Uint8Array =>
  new Uint8Array(Float32Array.from(values, (value) => value ?? Number.NaN).buffer)
