import { ModelSidecar, type ModelVersion } from '#contracts/models.ts'
import { objectKey } from '#contracts/references.ts'
import { loadModel } from '#inference/onnx-model.ts'
import { type Evidence, sha256Of } from './evidence.ts'

export type ReloadedModel = { predict(row: Uint8Array): Promise<number> }

/** The model that answered, by the hash in the prediction, with its sidecar and fit report; nothing when one is altered. */
export async function reloadModel(evidence: Evidence, version: ModelVersion, onnxSha256: string): Promise<ReloadedModel | undefined> {
  const onnx = await evidence.read('onnx', { uri: objectKey(onnxSha256, 'onnx'), sha256: onnxSha256, bytes: version.onnx.bytes })
  const stored = await evidence.read('sidecar', version.sidecar)
  if (stored === undefined) return undefined
  const sidecar = ModelSidecar.parse(JSON.parse(new TextDecoder().decode(stored)))
  await evidence.rehash('fit-report', sidecar.fitReport)
  if (onnx === undefined) return undefined
  // the prediction, the registry and the sidecar each name the file
  const actual = sha256Of(onnx)
  const agreed = [version.onnx, sidecar.onnx]
    .filter((ref) => ref.sha256 !== onnxSha256)
    .map((ref) => evidence.compare('onnx', ref.uri, ref.sha256, actual))
  if (agreed.includes(false)) return undefined
  const { features } = sidecar.input
  return {
    async predict(row) {
      const model = await loadModel(onnx, { features })
      try {
        const [value] = await model.predict(new Float32Array(Uint8Array.from(row).buffer), 1)
        // −0 was logged as 0
        return (value ?? Number.NaN) + 0
      } finally {
        await model.release()
      }
    },
  }
}
