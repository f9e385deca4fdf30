/**
 * The Open Inference Protocol v2 over HTTP: an endpoint is a model, and its version is the model version behind it.
 * https://github.com/kserve/open-inference-protocol
 */
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { QuantloopError } from '#contracts/errors.ts'
import type { PredictionInput, PredictionRecord } from '#contracts/predictions.ts'
import { answer } from '../answer.ts'
import { readBody } from '../errors.ts'
import { endpointName } from '../predict-by-symbol.ts'
import type { ServedModel } from '../served-model.ts'
import type { ServingWorld } from '../world.ts'
import { type InferOutput, InferRequest, type InferResponse, type ModelMetadata } from './messages.ts'
import { readTensor } from './read-tensor.ts'

const versionOf = ({ route }: ServedModel) => `${route.model.name}@${route.model.version}`

export function openInference(world: ServingWorld, version: string): Hono {
  const { replica } = world
  const app = new Hono()

  app.get('/', (c) => c.json({ name: 'quantloop', version, extensions: [] }))
  app.get('/health/live', (c) => c.json({ live: true }))
  app.get('/health/ready', (c) => c.json({ ready: replica.isReady() }, replica.isReady() ? 200 : 503))

  for (const path of ['/models/:name', '/models/:name/versions/:version']) {
    app.get(path, (c) => withModel(world, c, (model, endpoint) => Promise.resolve(c.json(metadataOf(model, endpoint)))))
    app.get(`${path}/ready`, (c) => withModel(world, c, (_, endpoint) => Promise.resolve(c.json({ name: endpoint, ready: true }))))
    app.post(`${path}/infer`, (c) => withModel(world, c, (model, endpoint) => infer(world, c, model, endpoint)))
  }
  return app
}

/** The model that answers now, held until the response is made. A version in the path must be the one in force. */
async function withModel(
  world: ServingWorld,
  c: Context,
  use: (model: ServedModel, endpoint: string) => Promise<Response>,
): Promise<Response> {
  const endpoint = endpointName(c.req.param('name'))
  const held = await world.replica.hold(endpoint)
  try {
    const asked = c.req.param('version')
    const inForce = versionOf(held.model)
    if (asked !== undefined && asked !== inForce)
      throw new QuantloopError(
        'endpoint_not_found',
        `endpoint ${endpoint} answers with ${inForce}, not with ${asked}: leave the version out, or deploy it`,
      )
    return await use(held.model, endpoint)
  } finally {
    held.let()
  }
}

async function infer(world: ServingWorld, c: Context, model: ServedModel, endpoint: string): Promise<Response> {
  const request = await readBody(c, InferRequest)
  const outputs = request.outputs?.map(({ name }) => name) ?? ['prediction', 'prediction_id']
  const unknown = outputs.find((name) => name !== 'prediction' && name !== 'prediction_id')
  if (unknown !== undefined)
    throw new QuantloopError('input_invalid', `there is no output "${unknown}": prediction and prediction_id can be asked for`)
  const { values, count } = readTensor(request, model)
  const inputs = Array.from({ length: count }, (_, row) =>
    inputOf(values.subarray(row * model.sidecar.input.features, (row + 1) * model.sidecar.input.features)),
  )
  const records = await answer(world, model, { endpoint, values, inputs, unitId: null })
  world.metrics.predictions.inc({ endpoint, model: model.route.model.name, version: model.route.model.version }, records.length)
  const response: InferResponse = {
    model_name: endpoint,
    model_version: versionOf(model),
    ...(request.id === undefined ? {} : { id: request.id }),
    parameters: { deployment_id: model.route.deploymentId, revision: model.revision, stale: records.some(({ stale }) => stale) },
    outputs: outputs.map((name) => outputOf(name, records)),
  }
  return c.json(response)
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

const metadataOf = (model: ServedModel, endpoint: string): ModelMetadata => ({
  name: endpoint,
  versions: [versionOf(model)],
  platform: 'onnx_onnxv1',
  inputs: [{ name: model.sidecar.input.name, datatype: 'FP32', shape: [-1, model.sidecar.input.features] }],
  outputs: [
    { name: 'prediction', datatype: 'FP32', shape: [-1, 1] },
    { name: 'prediction_id', datatype: 'BYTES', shape: [-1, 1] },
  ],
  parameters: { feature_hash: model.sidecar.featureHash, missing: model.sidecar.missing, revision: model.revision },
})
