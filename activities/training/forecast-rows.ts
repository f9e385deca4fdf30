import { QuantloopError } from '#contracts/errors.ts'
import type { FeatureBuildManifest } from '#contracts/features.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { loadModel } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readTestRows, type TestRows } from './test-rows.ts'

/** `sessions` are ascending; `missing` is what the model accepts. */
export type ForecastInput = { manifest: FeatureBuildManifest; onnx: ObjectRef; sessions: readonly string[]; missing: 'accept' | 'refuse' }

/**
 * What the ONNX file that would be served answers on these sessions of a build, shard by shard.
 * @throws QuantloopError artifact_invalid | output_not_finite | object_missing | object_corrupt
 */
export async function* forecastRows(
  objects: ObjectStore,
  { manifest, onnx, sessions, missing }: ForecastInput,
  cancelled: AbortSignal,
): AsyncGenerator<TestRows & { forecast: Float64Array }> {
  const model = await loadModel(await objects.get(onnx), { features: manifest.columns.length })
  try {
    for await (const rows of readTestRows(objects, manifest, sessions, missing)) {
      cancelled.throwIfAborted()
      const forecast = Float64Array.from(await model.predict(rows.features, rows.count))
      const bad = forecast.findIndex((value) => !Number.isFinite(value))
      if (bad !== -1)
        throw new QuantloopError(
          'output_not_finite',
          `the model answered ${forecast[bad]} for ${rows.symbols[bad]} on a row that it is judged on`,
          { symbol: rows.symbols[bad]! },
        )
      yield { ...rows, forecast }
    }
  } finally {
    await model.release()
  }
}
