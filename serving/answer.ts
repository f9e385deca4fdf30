import { v7 as uuidv7 } from 'uuid'
import type { PredictionInput, PredictionRecord } from '#contracts/predictions.ts'
import { checkInputs, checkOutputs } from './check-rows.ts'
import type { PredictionLog } from './prediction-log/prediction-log.ts'
import type { Replica } from './replica.ts'
import type { Held } from './traffic.ts'

/** `values` are the rows one after another; `inputs` says of each where it came from. */
export type Question = { endpoint: string; values: Float32Array; inputs: PredictionInput[]; unitId: string | null }

type World = { replica: Replica; log: PredictionLog; clock: () => Date }

/**
 * Checks, predicts, checks again and logs; only what is in the log is answered.
 * @throws QuantloopError input_invalid | output_not_finite | prediction_log_full | unavailable
 */
export async function answer({ replica, log, clock }: World, { model, revision }: Held, question: Question): Promise<PredictionRecord[]> {
  const { endpoint, values, inputs, unitId } = question
  const rowName = (row: number) => nameOfRow(inputs[row], row)
  checkInputs(model.sidecar, values, rowName)
  log.assertRoom()
  const answers = await model.predict(values, inputs.length)
  checkOutputs(answers, rowName)
  const { route } = model
  const shared = {
    endpoint,
    deploymentId: route.deploymentId,
    revision,
    model: route.model,
    onnxSha256: route.onnx.sha256,
    unitId,
    stale: replica.isStale(endpoint, revision),
    replicaId: replica.replicaId,
    predictedAt: clock().toISOString(),
  }
  // adding 0 makes −0 the 0 that JSON logs
  const records = inputs.map((input, row) => ({ id: uuidv7(), ...shared, input, value: (answers[row] ?? Number.NaN) + 0 }))
  await log.append(records)
  return records
}

function nameOfRow(input: PredictionInput | undefined, row: number): string {
  return input?.kind === 'feature-row' ? `${input.symbol} at ${input.session}` : `row ${row}`
}
