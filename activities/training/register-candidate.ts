import { ModelSidecar } from '#contracts/models.ts'
import { type Evaluation, FitReport } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { registerModelVersion } from '#db/commands/register-model-version.ts'
import { inputName, outputName } from '#inference/check-onnx.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'
import type { Parity } from './check-parity.ts'
import type { FittedRun } from './evaluate-candidate.ts'
import { readJson } from './read-json.ts'

/** `evaluation` is null where the recipe has no test segment: the version is judged in shadow. */
export type EvaluatedRun = FittedRun & { modelName: string; parity: Parity; evaluation: Evaluation | null }

/** Stores `model.json` beside the ONNX file, then registers both as the model's next version, at stage `testing`. */
export async function registerCandidate(db: Database, objects: ObjectStore, run: EvaluatedRun): Promise<{ version: number }> {
  const { runId, modelName, recipe, snapshotId, build, fit, parity, evaluation } = run
  const report = await readJson(objects, fit.report, FitReport, 'fit report')
  const sidecar = ModelSidecar.parse({
    format: 1,
    onnx: fit.onnx,
    recipe,
    featureOrder: report.featureOrder,
    featureHash: report.featureHash,
    // persistence says of a missing value that it is missing, which no answer may
    missing: recipe.model === 'persistence' ? 'refuse' : recipe.missing,
    input: { name: inputName, features: report.featureOrder.length },
    output: { name: outputName },
    snapshotId,
    buildId: build.id,
    fitReport: fit.report,
    evaluation,
    parity,
    libraries: report.libraries,
  } satisfies ModelSidecar)
  const stored = await putJson(objects, sidecar)
  const version = await registerModelVersion(db, {
    runId,
    name: modelName,
    onnx: fit.onnx,
    sidecar: stored,
    featureHash: report.featureHash,
    snapshotId,
    buildId: build.id,
    dataset: recipe.dataset,
    evaluation,
  })
  return { version }
}
