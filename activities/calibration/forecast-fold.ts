/**
 * The forecasts of one fold of a walk-forward, by the ONNX file that its fit gave: what is left of them is each
 * session's error.
 */
import { QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { FoldErrors } from '#contracts/supervision.ts'
import type { FitResult } from '#contracts/training.ts'
import type { Panel } from '#domain/evaluation/panel.ts'
import { errorsBySession } from '#domain/evaluation/session-errors.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import { forecastRows } from '../training/forecast-rows.ts'
import { readJson } from '../training/read-json.ts'
import type { PlannedFold } from './plan-folds.ts'

export type FittedFold = { build: { id: string; manifest: ObjectRef }; fold: PlannedFold; fit: FitResult }

/** Answers a FoldErrors, stored. @throws QuantloopError segment_empty | artifact_invalid | output_not_finite | object_missing | object_corrupt */
export async function forecastFold(objects: ObjectStore, { build, fold, fit }: FittedFold, cancelled: AbortSignal): Promise<ObjectRef> {
  const manifest = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
  const sessions = manifest.sessions.filter((session) => session >= fold.from && session <= fold.to)
  const parts: { panel: Panel; forecast: Float64Array }[] = []
  for await (const rows of forecastRows(objects, { manifest, onnx: fit.onnx, sessions, missing: fold.recipe.missing }, cancelled))
    parts.push({
      panel: { symbols: new Int32Array(rows.count), sessions: rows.sessions, labels: Float64Array.from(rows.labels) },
      forecast: rows.forecast,
    })
  const panel = {
    symbols: Int32Array.from(parts.flatMap((part) => [...part.panel.symbols])),
    sessions: Int32Array.from(parts.flatMap((part) => [...part.panel.sessions])),
    labels: Float64Array.from(parts.flatMap((part) => [...part.panel.labels])),
  }
  if (panel.labels.length === 0)
    throw new QuantloopError(
      'segment_empty',
      `the fold ${fold.from} to ${fold.to} holds no row with a known label, a persistence forecast and usable features`,
      { from: fold.from, to: fold.to },
    )
  const forecast = Float64Array.from(parts.flatMap((part) => [...part.forecast]))
  const { trainedThrough, from, to } = fold
  const errors = FoldErrors.parse({
    fold: { trainedThrough, from, to, rounds: fit.rounds },
    sessions: errorsBySession(panel, forecast).map(({ day, ...error }) => ({ session: sessionOf(day), ...error })),
  } satisfies FoldErrors)
  return await putJson(objects, errors)
}
