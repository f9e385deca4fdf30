import { QuantloopError } from '#contracts/errors.ts'
import type { ModelSidecar } from '#contracts/models.ts'

/**
 * Inputs must be finite; a missing value (NaN) passes only where the model declares that it accepts them.
 * @throws QuantloopError input_invalid, naming the row and the feature
 */
export function checkInputs({ featureOrder, missing }: ModelSidecar, values: Float32Array, rowName: (row: number) => string): void {
  for (const [index, value] of values.entries()) {
    if (accepts(missing, value)) continue
    const feature = featureOrder[index % featureOrder.length] ?? ''
    const row = rowName(Math.floor(index / featureOrder.length))
    const why = Number.isNaN(value) ? 'missing, and this model refuses missing values' : `${value}, which is no finite float32`
    throw new QuantloopError('input_invalid', `${row}: the feature ${feature} is ${why}`, { row, feature })
  }
}

export const acceptsRow = ({ missing }: ModelSidecar, values: Float32Array): boolean => values.every((value) => accepts(missing, value))

const accepts = (missing: ModelSidecar['missing'], value: number) => Number.isFinite(value) || (Number.isNaN(value) && missing === 'accept')

/** @throws QuantloopError output_not_finite */
export function checkOutputs(answers: Float32Array, rowName: (row: number) => string): void {
  const at = answers.findIndex((value) => !Number.isFinite(value))
  if (at < 0) return
  const row = rowName(at)
  throw new QuantloopError(
    'output_not_finite',
    `the model answered ${answers[at]} for ${row}: deploy another version, and look into this one`,
    { row },
  )
}
