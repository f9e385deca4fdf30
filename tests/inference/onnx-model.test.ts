import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkOnnx, loadModel } from '#inference/onnx-model.ts'
import { parseOnnx } from '#inference/onnx-file.ts'

const bytesOf = (name: string) => new Uint8Array(readFileSync(new URL(`./fixtures/${name}.onnx`, import.meta.url)))
const expected = { features: 4 }

type Oracle = { count: number; bits: number[]; predictions: number[] }
const oracle = JSON.parse(readFileSync(new URL('./fixtures/lightgbm.json', import.meta.url), 'utf8')) as Oracle
const oracleRows = new Float32Array(Uint32Array.from(oracle.bits).buffer)

describe('checkOnnx', () => {
  test.each(['linear', 'lightgbm', 'constant-nan'])('accepts %s', (name) => {
    expect(() => checkOnnx(bytesOf(name), expected)).not.toThrow()
  })

  test.each([
    ['external-data', /weights" keeps its data in \.\.\/\.\.\/secret\.bin/],
    ['external-data-nested', /If › then_branch.*Constant.*keeps its data/],
    ['external-data-sparse', /"values" keeps its data/],
    ['unknown-domain', /unknown operator domain "com\.example"/],
    ['unknown-domain-nested', /then_branch.*unknown operator domain "com\.example"/],
    ['local-function', /function local:Twice/],
    ['random', /RandomNormal draws random numbers/],
    ['input-name', /input is named "x"/],
    ['input-double', /element type 11, expected 1/],
    ['input-width', /shape \[batch, 5\], expected \[batch, 4\]/],
    ['input-fixed-batch', /shape \[1, 4\]/],
    ['inputs-two', /2 inputs \(features, weights\)/],
    ['output-name', /output is named "y"/],
    ['output-shape', /shape \[batch\], expected \[batch, 1\]/],
    ['outputs-two', /2 outputs/],
  ])('refuses %s and says why', (name, reason) => {
    const check = () => checkOnnx(bytesOf(name), expected)
    expect(check).toThrow(reason)
    expect(check).toThrow(expect.objectContaining({ code: 'artifact_invalid' }))
  })

  test('refuses bytes that are no ONNX file', () => {
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('<html>'), bytesOf('lightgbm').subarray(0, 500)])
      expect(() => checkOnnx(bytes, expected)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }))
  })

  test('refuses graphs nested without end instead of overflowing the stack', () => {
    let graph: Buffer = Buffer.alloc(0)
    for (let depth = 0; depth < 5000; depth++) graph = field(1, field(5, field(6, graph)))
    expect(() => parseOnnx(field(7, graph))).toThrow(expect.objectContaining({ code: 'artifact_invalid' }))
  })
})

describe('loadModel', () => {
  test('answers as the booster that was exported, missing values included', async () => {
    const model = await loadModel(bytesOf('lightgbm'), expected)
    const answers = await model.predict(oracleRows, oracle.count)
    for (const [row, answer] of answers.entries()) expect(answer).toBeCloseTo(oracle.predictions[row]!, 5)
    await model.release()
  })

  test('a row has the same bits alone and in a batch of any size', async () => {
    const model = await loadModel(bytesOf('lightgbm'), expected)
    const repeats = 40
    const rows = new Float32Array(oracleRows.length * repeats)
    for (let i = 0; i < repeats; i++) rows.set(oracleRows, i * oracleRows.length)
    const batch = await model.predict(rows, oracle.count * repeats)
    for (let row = 0; row < oracle.count; row++) {
      const [alone] = await model.predict(oracleRows.subarray(row * 4, row * 4 + 4), 1)
      for (let i = 0; i < repeats; i++) expect(batch[i * oracle.count + row]).toBe(alone)
    }
    await model.release()
  })

  test('an operator that ONNX Runtime does not know is an invalid artifact', async () => {
    await expect(loadModel(bytesOf('unknown-operator'), expected)).rejects.toMatchObject({ code: 'artifact_invalid' })
  })

  test('refuses a file before ONNX Runtime sees it', async () => {
    await expect(loadModel(bytesOf('external-data'), expected)).rejects.toThrow(/keeps its data/)
  })

  test('a release lets the predictions under way end, and ends the model', async () => {
    const model = await loadModel(bytesOf('linear'), expected)
    const underway = model.predict(Float32Array.of(1, 1, 1, 1), 1)
    await Promise.all([model.release(), model.release()])
    expect(await underway).toEqual(Float32Array.of(1.75))
    await expect(model.predict(Float32Array.of(1, 1, 1, 1), 1)).rejects.toThrow('released')
  })

  test('rows of another width are refused', async () => {
    const model = await loadModel(bytesOf('linear'), expected)
    await expect(model.predict(new Float32Array(7), 2)).rejects.toThrow('7 values are not 2 rows of 4 features')
    await model.release()
  })
})

/** A length-delimited protobuf field. */
function field(number: number, content: Buffer): Buffer {
  const header: number[] = [number * 8 + 2]
  let length = content.length
  for (; length > 127; length = Math.floor(length / 128)) header.push((length % 128) + 128)
  return Buffer.concat([Buffer.from([...header, length]), content])
}
