import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { QuantloopError } from '#contracts/errors.ts'

/** What `onnx.proto` says of a file; absent repeated fields are absent here too. */
export type OnnxFile = {
  opsetImport?: { domain?: string }[]
  graph?: OnnxGraph
  trainingInfo?: unknown[]
  functions?: { name?: string; domain?: string }[]
}

export type OnnxGraph = {
  node?: OnnxNode[]
  initializer?: OnnxTensor[]
  sparseInitializer?: OnnxSparseTensor[]
  input?: OnnxValue[]
  output?: OnnxValue[]
}

export type OnnxNode = { name?: string; opType?: string; domain?: string; attribute?: OnnxAttribute[] }

export type OnnxAttribute = {
  name?: string
  t?: OnnxTensor
  g?: OnnxGraph
  sparseTensor?: OnnxSparseTensor
  tensors?: OnnxTensor[]
  graphs?: OnnxGraph[]
  sparseTensors?: OnnxSparseTensor[]
}

export type OnnxTensor = { name?: string; externalData?: { key?: string; value?: string }[]; dataLocation?: number }
export type OnnxSparseTensor = { values?: OnnxTensor; indices?: OnnxTensor }
export type OnnxDimension = { dimValue?: number; dimParam?: string }
export type OnnxValue = { name?: string; type?: { tensorType?: { elemType?: number; shape?: { dim?: OnnxDimension[] } } } }

const schema = protobuf.parse(readFileSync(new URL('./onnx.proto', import.meta.url), 'utf8')).root
const ModelProto = schema.lookupType('onnx.ModelProto')

/** @throws QuantloopError artifact_invalid when the bytes are no protobuf message of this shape */
export function parseOnnx(bytes: Uint8Array): OnnxFile {
  try {
    return ModelProto.toObject(ModelProto.decode(bytes), { longs: Number })
  } catch (error) {
    throw new QuantloopError(
      'artifact_invalid',
      `these ${bytes.length} bytes are no ONNX file: ${(error as Error).message}`,
      {},
      { cause: error },
    )
  }
}
