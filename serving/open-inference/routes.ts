/**
 * The Open Inference Protocol v2 over HTTP: an endpoint is a model, and its version is the model version behind it.
 * https://github.com/kserve/open-inference-protocol
 */
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { QuantloopError } from '#contracts/errors.ts'
import { type PredictionInput, type PredictionRecord, PredictRequest } from '#contracts/predictions.ts'
import { answer } from '../answer.ts'
import { asked } from '../asked.ts'
import { readBody } from '../errors.ts'
import { endpointName } from '../predict-by-symbol.ts'
import { type Held, versionOf } from '../traffic.ts'
import type { ServingWorld } from '../world.ts'
import { type InferOutput, InferRequest, type InferResponse, type ModelMetadata } from './messages.ts'
import { readTensor } from './read-tensor.ts'

export function openInference(world: ServingWorld, version: string): Hono {
  const { replica } = world
  const app = new Hono()

  app.get('/', (c) => c.json({ name: 'quantloop', version, extensions: [] }))
  app.get('/health/live', (c) => c.json({ live: true }))
  app.get('/health/ready', (c) => c.json({ ready: replica.isReady() }, replica.isReady() ? 200 : 503))

  for (const path of ['/models/:name', '/models/:name/versions/:version']) {
    app.get(path, (c) => seen(world, c, (held, endpoint) => c.json(metadataOf(held, endpoint))))
    app.get(`${path}/ready`, (c) => seen(world, c, (_, endpoint) => c.json({ name: endpoint, ready: true })))
    app.post(`${path}/infer`, (c) => infer(world, c))
  }
  return app
}

/** Looks at the version in force: the active one, unless the path names another. */
async function seen({ replica }: ServingWorld, c: Context, show: (held: Held, endpoint: string) => Response): Promise<Response> {
  const endpoint = endpointName(c.req.param('name'))
  const held = await replica.hold(endpoint, { version: c.req.param('version'), onlyLooks: true })
  try {
    return show(held, endpoint)
  } finally {
    held.let()
  }
}

/** A version in the path must be one in force; the parameter `unit_id` keeps a unit on its side of a canary. */
async function infer(world: ServingWorld, c: Context): Promise<Response> {
  const endpoint = endpointName(c.req.param('name'))
  const request = await readBody(c, InferRequest)
  const unitId = unitOf(request)
  return await asked(world, endpoint, { unitId, version: c.req.param('version') }, async (held) => {
    const { model, revision } = held
    const outputs = request.outputs?.map(({ name }) => name) ?? ['prediction', 'prediction_id']
    const unknown = outputs.find((name) => name !== 'prediction' && name !== 'prediction_id')
    if (unknown !== undefined)
      throw new QuantloopError('input_invalid', `there is no output "${unknown}": prediction and prediction_id can be asked for`)
    const { values, count } = readTensor(request, model)
    const inputs = Array.from({ length: count }, (_, row) =>
      inputOf(values.subarray(row * model.sidecar.input.features, (row + 1) * model.sidecar.input.features)),
    )
    const records = await answer(world, held, { endpoint, values, inputs, unitId: unitId ?? null })
    const response: InferResponse = {
      model_name: endpoint,
      model_version: versionOf(model),
      ...(request.id === undefined ? {} : { id: request.id }),
      parameters: { deployment_id: model.route.deploymentId, revision, stale: records.some(({ stale }) => stale) },
      outputs: outputs.map((name) => outputOf(name, records)),
    }
    return { records, response: c.json(response) }
  })
}

function unitOf({ parameters }: InferRequest): string | undefined {
  const unit = PredictRequest.shape.unitId.safeParse(parameters?.unit_id)
  if (unit.success) return unit.data
  throw new QuantloopError('input_invalid', 'the parameter unit_id is no text of at most 200 printable characters')
}

/** Raw values are kept by value: nothing else has them. */
function inputOf(row: Float32Array): PredictionInput {
  const bytes = new Uint8Array(row.buffer, row.byteOffset, row.byteLength)
  return {
    kind: 'tensor',
    values: Array.from(row, (value) => (Number.isNaN(value) ? null : value)),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }
}

const outputOf = (name: string, records: PredictionRecord[]): InferOutput =>
  name === 'prediction_id'
    ? { name, shape: [records.length, 1], datatype: 'BYTES', data: records.map(({ id }) => id) }
    : { name, shape: [records.length, 1], datatype: 'FP32', data: records.map(({ value }) => value) }

const metadataOf = ({ model, revision }: Held, endpoint: string): ModelMetadata => ({
  name: endpoint,
  versions: [versionOf(model)],
  platform: 'onnx_onnxv1',
  inputs: [{ name: model.sidecar.input.name, datatype: 'FP32', shape: [-1, model.sidecar.input.features] }],
  outputs: [
    { name: 'prediction', datatype: 'FP32', shape: [-1, 1] },
    { name: 'prediction_id', datatype: 'BYTES', shape: [-1, 1] },
  ],
  parameters: { feature_hash: model.sidecar.featureHash, missing: model.sidecar.missing, revision },
})
