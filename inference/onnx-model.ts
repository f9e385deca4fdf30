/**
 * A model in memory, run by ONNX Runtime on the CPU. One thread and sequential execution, so that the same row gives
 * the same float32 on every call, alone or in a batch.
 */
import ort from 'onnxruntime-node'
import { QuantloopError } from '#contracts/errors.ts'
import { checkOnnx, inputName, outputName } from './check-onnx.ts'

export { checkOnnx } from './check-onnx.ts'

export type LoadedModel = {
  /**
   * `rows` holds `count` rows of the expected number of features, row after row; answers one value a row. Whether rows
   * and answers are finite is for the caller to judge.
   */
  predict(rows: Float32Array, count: number): Promise<Float32Array>
  /** Waits for the predictions under way, then frees the native memory. */
  release(): Promise<void>
}

/** Native calls hold the event loop: a large request goes in pieces of this many rows. */
const rowsACall = 1024

/** @throws QuantloopError artifact_invalid when the file is refused here or by ONNX Runtime */
export async function loadModel(bytes: Uint8Array, expected: { features: number }): Promise<LoadedModel> {
  checkOnnx(bytes, expected)
  const session = await openSession(bytes)
  const underway = new Set<Promise<Float32Array>>()
  let released: Promise<void> | undefined

  async function run(rows: Float32Array, count: number): Promise<Float32Array> {
    const answers = new Float32Array(count)
    for (let from = 0; from < count; from += rowsACall) {
      const size = Math.min(rowsACall, count - from)
      const feed = new ort.Tensor('float32', rows.subarray(from * expected.features, (from + size) * expected.features), [
        size,
        expected.features,
      ])
      const { [outputName]: output } = await session.run({ [inputName]: feed })
      if (!(output?.data instanceof Float32Array) || output.data.length !== size)
        throw new QuantloopError(
          'artifact_invalid',
          `the model answered ${String(output?.dims)} for ${size} rows, expected [${size}, 1] of float32`,
        )
      answers.set(output.data, from)
      output.dispose()
    }
    return answers
  }

  return {
    async predict(rows, count) {
      if (released) throw new Error('this model was released')
      if (rows.length !== count * expected.features)
        throw new RangeError(`${rows.length} values are not ${count} rows of ${expected.features} features`)
      const answer = run(rows, count)
      underway.add(answer)
      try {
        return await answer
      } finally {
        underway.delete(answer)
      }
    },
    release() {
      released ??= Promise.allSettled(underway).then(() => session.release())
      return released
    },
  }
}

async function openSession(bytes: Uint8Array): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    })
  } catch (error) {
    throw new QuantloopError('artifact_invalid', `ONNX Runtime refused the file: ${(error as Error).message}`, {}, { cause: error })
  }
}
