/**
 * What an ONNX file must be before it is loaded: self-contained, made of standard operators only, the same answer for
 * the same input, and of the shape that the platform's models have: float32 `features` [batch, n] to float32
 * `prediction` [batch, 1]. ONNX Runtime itself checks the operators' own rules when it loads the file.
 */
import { QuantloopError } from '#contracts/errors.ts'
import {
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxGraph,
  type OnnxSparseTensor,
  type OnnxTensor,
  type OnnxValue,
  parseOnnx,
} from './onnx-file.ts'

export const inputName = 'features'
export const outputName = 'prediction'

/** A file carries two names for the standard domain. */
const knownDomains: ReadonlySet<string> = new Set(['', 'ai.onnx', 'ai.onnx.ml'])
/** Their answers differ from call to call, so that no prediction could be recomputed. */
const randomOperators: ReadonlySet<string> = new Set([
  'RandomNormal',
  'RandomNormalLike',
  'RandomUniform',
  'RandomUniformLike',
  'Multinomial',
  'Bernoulli',
])
/** TensorProto.DataType and TensorProto.DataLocation */
const float32 = 1
const external = 1

/** @throws QuantloopError artifact_invalid, naming what is wrong in the file */
export function checkOnnx(bytes: Uint8Array, expected: { features: number }): void {
  const file = parseOnnx(bytes)
  if (file.graph === undefined || (file.graph.node ?? []).length === 0) throw invalid('the file holds no graph')
  for (const { domain = '' } of file.opsetImport ?? []) if (!knownDomains.has(domain)) throw unknownDomain(domain, 'its opset imports')
  for (const { name = '', domain = '' } of file.functions ?? [])
    throw invalid(`it defines the function ${domain}:${name}; export it with its functions inlined`)
  if ((file.trainingInfo ?? []).length > 0) throw invalid('it carries training information; export it for inference only')
  checkGraph(file.graph, 'graph')
  checkValue('input', only('input', file.graph.input), inputName, expected.features)
  checkValue('output', only('output', file.graph.output), outputName, 1)
}

function checkGraph(graph: OnnxGraph, where: string): void {
  for (const tensor of graph.initializer ?? []) checkTensor(tensor, where)
  for (const sparse of graph.sparseInitializer ?? []) checkSparse(sparse, where)
  for (const { name = '', opType = '', domain = '', attribute = [] } of graph.node ?? []) {
    const node = `${where} › ${opType}${name === '' ? '' : ` "${name}"`}`
    if (!knownDomains.has(domain)) throw unknownDomain(domain, node)
    if (randomOperators.has(opType)) throw invalid(`${node} draws random numbers, so its predictions could not be recomputed`)
    for (const value of attribute) checkAttribute(value, node)
  }
}

function checkAttribute(attribute: OnnxAttribute, where: string): void {
  const inside = `${where} › ${attribute.name ?? ''}`
  for (const tensor of [attribute.t, ...(attribute.tensors ?? [])]) if (tensor) checkTensor(tensor, inside)
  for (const sparse of [attribute.sparseTensor, ...(attribute.sparseTensors ?? [])]) if (sparse) checkSparse(sparse, inside)
  for (const graph of [attribute.g, ...(attribute.graphs ?? [])]) if (graph) checkGraph(graph, inside)
}

function checkSparse(sparse: OnnxSparseTensor, where: string): void {
  for (const tensor of [sparse.values, sparse.indices]) if (tensor) checkTensor(tensor, where)
}

function checkTensor({ name = '', externalData = [], dataLocation = 0 }: OnnxTensor, where: string): void {
  if (dataLocation !== external && externalData.length === 0) return
  const location = externalData.find((entry) => entry.key === 'location')?.value ?? 'another file'
  throw invalid(`${where}: the tensor "${name}" keeps its data in ${location}; save the model with its data inside`)
}

function only(what: string, values: OnnxValue[] = []): OnnxValue {
  const [value] = values
  if (value === undefined || values.length !== 1)
    throw invalid(`it has ${values.length} ${what}s (${values.map((each) => each.name).join(', ')}), expected exactly one`)
  return value
}

function checkValue(what: string, value: OnnxValue, name: string, width: number): void {
  if (value.name !== name) throw invalid(`its ${what} is named "${value.name ?? ''}", expected "${name}"`)
  const tensor = value.type?.tensorType
  if (tensor === undefined) throw invalid(`its ${what} "${name}" is no tensor`)
  if (tensor.elemType !== float32)
    throw invalid(`its ${what} "${name}" has the element type ${tensor.elemType ?? 0}, expected ${float32} (float32)`)
  const dimensions = tensor.shape?.dim ?? []
  const [batch, columns] = dimensions
  const fits = dimensions.length === 2 && batch?.dimValue === undefined && columns?.dimValue === width
  if (!fits)
    throw invalid(
      `its ${what} "${name}" has the shape [${dimensions.map(printDimension).join(', ')}], expected [batch, ${width}] with a free batch`,
    )
}

const printDimension = ({ dimValue, dimParam }: OnnxDimension) => dimValue ?? dimParam ?? '?'
const unknownDomain = (domain: string, where: string) =>
  invalid(`${where}: unknown operator domain "${domain}"; only "" and "ai.onnx.ml" are allowed`)
const invalid = (message: string) => new QuantloopError('artifact_invalid', `ONNX file refused: ${message}`)
