import { QuantloopError } from '#contracts/errors.ts'
import type { ServedModel } from '../served-model.ts'
import type { InferInput, InferRequest } from './messages.ts'

export const maxRows = 1000

/** The rows that a request asks about. @throws QuantloopError input_invalid, saying what does not fit the model */
export function readTensor(request: InferRequest, { sidecar }: ServedModel): { values: Float32Array; count: number } {
  const given = request.parameters?.feature_hash
  if (given !== undefined && given !== sidecar.featureHash)
    throw invalid(`the parameter feature_hash is ${String(given)}, but the model reads the features ${sidecar.featureHash}`)
  const [input, ...others] = request.inputs
  if (input === undefined || others.length > 0 || input.name !== sidecar.input.name)
    throw invalid(`the inputs are ${request.inputs.map(({ name }) => name).join(', ')}, expected exactly "${sidecar.input.name}"`)
  if (input.parameters?.binary_data_size !== undefined) throw invalid('binary tensor data is not supported: send the values as JSON')
  const [count = 0, width] = input.shape
  if (input.shape.length !== 2 || width !== sidecar.input.features || count < 1)
    throw invalid(
      `the input "${input.name}" has the shape [${input.shape.join(', ')}], expected [rows, ${sidecar.input.features}] with at least one row`,
    )
  if (count > maxRows) throw invalid(`the input "${input.name}" has ${count} rows, at most ${maxRows} are answered at once`)
  return { values: float32Of(input, count * width), count }
}

function float32Of({ name, datatype, data }: InferInput, length: number): Float32Array {
  if (datatype !== 'FP32' && datatype !== 'FP64') throw invalid(`the input "${name}" has the datatype ${datatype}, expected FP32 or FP64`)
  const flat = data.some(Array.isArray) ? data.flat() : data
  if (flat.length !== length) throw invalid(`the input "${name}" has ${flat.length} values, its shape asks for ${length}`)
  const values = new Float32Array(length)
  for (const [index, value] of flat.entries()) {
    // JSON has no NaN, so null is the missing value
    if (typeof value !== 'number' && value !== null)
      throw invalid(`the value ${index} of the input "${name}" is ${JSON.stringify(value)?.slice(0, 50)}, expected a number or null`)
    // adding 0 makes −0 the 0 that JSON logs, so that the logged bytes are the predicted ones
    values[index] = (value ?? Number.NaN) + 0
  }
  return values
}

const invalid = (message: string) => new QuantloopError('input_invalid', message)
