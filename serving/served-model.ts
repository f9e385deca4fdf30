import type { Route } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import { ModelSidecar } from '#contracts/models.ts'
import { type LoadedModel, loadModel } from '#inference/onnx-model.ts'
import type { ObjectStore } from '#storage/object-store.ts'

/**
 * The version of one deployment in memory. Requests hold it from their first look to their answer, so that a swap never
 * changes the version within a request; retired, it is freed when the last of them lets go.
 */
export class ServedModel {
  readonly route: Route
  readonly sidecar: ModelSidecar
  private readonly model: LoadedModel
  private holders = 0
  private retired = false

  private constructor(route: Route, sidecar: ModelSidecar, model: LoadedModel) {
    this.route = route
    this.sidecar = sidecar
    this.model = model
  }

  /** @throws QuantloopError artifact_invalid | incompatible_version | object_missing | object_corrupt | unavailable */
  static async load(objects: ObjectStore, route: Route): Promise<ServedModel> {
    const sidecar = parseSidecar(await objects.get(route.sidecar))
    if (sidecar.onnx.sha256 !== route.onnx.sha256)
      throw new QuantloopError(
        'incompatible_version',
        `the route names the ONNX file ${route.onnx.sha256}, its sidecar ${sidecar.onnx.sha256}`,
      )
    if (sidecar.featureHash !== route.featureHash)
      throw new QuantloopError('incompatible_version', `the route reads features ${route.featureHash}, its sidecar ${sidecar.featureHash}`)
    const model = await loadModel(await objects.get(route.onnx), { features: sidecar.input.features })
    return new ServedModel(route, sidecar, model)
  }

  /** Call the answer when the request is over. */
  hold(): () => void {
    this.holders++
    let held = true
    return () => {
      if (!held) return
      held = false
      this.holders--
      this.freeWhenUnused()
    }
  }

  predict(rows: Float32Array, count: number): Promise<Float32Array> {
    return this.model.predict(rows, count)
  }

  retire(): void {
    this.retired = true
    this.freeWhenUnused()
  }

  private freeWhenUnused(): void {
    if (this.retired && this.holders === 0) void this.model.release()
  }
}

function parseSidecar(bytes: Uint8Array): ModelSidecar {
  try {
    return ModelSidecar.parse(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error) {
    throw new QuantloopError('artifact_invalid', `the sidecar does not fit its contract: ${(error as Error).message}`, {}, { cause: error })
  }
}
