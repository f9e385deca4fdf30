/**
 * The trainer's own predictions against ONNX Runtime's, on the rows where the two could differ: rows on split
 * thresholds and one float32 step beside them, zeros, missing values, and real rows. None may differ by more than the
 * tolerance: docs/decisions/0005-parity-without-exceptions.md.
 */
import { tableFromIPC } from 'apache-arrow'
import { QuantloopError } from '#contracts/errors.ts'
import type { ModelSidecar } from '#contracts/models.ts'
import { FitReport, type FitResult } from '#contracts/training.ts'
import { loadModel } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readColumns } from '../features/shard-file.ts'
import { readJson } from './read-json.ts'

export type Parity = ModelSidecar['parity']

/** Of the prediction's size, and at least of 1: about eight steps of float32, in which ONNX Runtime answers. */
export const parityTolerance = 1e-6

/** @throws QuantloopError parity_failed | artifact_invalid */
export async function checkParity(objects: ObjectStore, fit: FitResult): Promise<Parity> {
  const { featureOrder } = await readJson(objects, fit.report, FitReport, 'fit report')
  const file = await objects.get(fit.parity)
  const expected = tableFromIPC(file).getChild('prediction')?.toArray() as unknown
  if (!(expected instanceof Float64Array) || expected.length === 0)
    throw new QuantloopError('parity_failed', `the parity file ${fit.parity.uri} holds no float64 predictions of the trainer`, {
      object: fit.parity.uri,
    })
  const columns = readColumns(file, featureOrder)
  const rows = new Float32Array(expected.length * featureOrder.length)
  featureOrder.forEach((name, feature) => columns.get(name)!.forEach((value, row) => (rows[row * featureOrder.length + feature] = value)))

  const model = await loadModel(await objects.get(fit.onnx), { features: featureOrder.length })
  try {
    return judgeParity(expected, await model.predict(rows, expected.length))
  } finally {
    await model.release()
  }
}

/** @throws QuantloopError parity_failed, naming the row that differs most */
export function judgeParity(expected: Float64Array, answered: Float32Array): Parity {
  let worst = 0
  let exceedingRows = 0
  let maxAbsoluteDifference = 0
  expected.forEach((prediction, row) => {
    const difference = Math.abs(prediction - answered[row]!)
    // written so that a NaN exceeds
    if (!(difference <= parityTolerance * Math.max(1, Math.abs(prediction)))) exceedingRows++
    if (difference > maxAbsoluteDifference || Number.isNaN(difference)) {
      maxAbsoluteDifference = difference
      worst = row
    }
  })
  if (exceedingRows > 0)
    throw new QuantloopError(
      'parity_failed',
      `${exceedingRows} of ${expected.length} rows differ between the trainer and ONNX Runtime by more than ${parityTolerance}, most in row ${worst}: ${expected[worst]} against ${answered[worst]}; the export is at fault, and the model is not registered`,
      { row: worst, exceedingRows, rows: expected.length },
    )
  return { rows: expected.length, maxAbsoluteDifference, tolerance: parityTolerance, exceedingRows }
}
