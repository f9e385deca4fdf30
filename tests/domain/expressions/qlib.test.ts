import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { evaluate } from '#domain/expressions/evaluate.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan } from '#domain/expressions/plan.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { alpha360 } from '#domain/feature-sets/alpha360.ts'

/** Float32 columns are base64 of their bytes; `judged` are [feature, row, exact answer] where pyqlib's rounding is at fault. */
type Case = {
  name: string
  rows: number
  inputs: Record<string, string>
  alpha158: string
  alpha360?: string
  operators: string
  judged: [string, number, number | null][]
}
type Document = { sets: Record<'alpha158' | 'alpha360', string[]>; operators: string[]; cases: Case[] }

/** What pyqlib answers; made by make_qlib_values.py. */
const document = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/qlib-values.json.gz', import.meta.url))).toString('utf8'),
) as Document

const floatsOf = (base64: string) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer)

/** Within 1e-4 of what is expected, or 1e-5 near zero; missing and infinite in the same cells. */
const near = (found: number, expected: number) =>
  Object.is(found, expected) || found === expected || Math.abs(found - expected) <= Math.max(1e-5, 1e-4 * Math.abs(expected))

function faultsOf(texts: readonly string[], names: readonly string[], one: Case, answers: string): string[] {
  const source = Object.fromEntries(Object.entries(one.inputs).map(([name, values]) => [name, Float64Array.from(floatsOf(values))]))
  const found = evaluate(plan(texts.map(parse), Object.keys(source)), source)
  const expected = floatsOf(answers)
  expect(expected).toHaveLength(texts.length * one.rows)
  const judged = new Map(one.judged.map(([name, row, exact]) => [`${name} ${row}`, exact ?? NaN]))
  return found.flatMap((column, index) =>
    [...column].flatMap((value, row) => {
      const name = names[index]!
      const exact = judged.get(`${name} ${row}`)
      const theirs = expected[index * one.rows + row]!
      return near(value, exact ?? theirs) ? [] : [`${name} at row ${row}: ${value}, not ${exact ?? theirs}`]
    }),
  )
}

describe.each(document.cases)('over $name, every cell is pyqlib’s', (one) => {
  it('of Alpha158', () => {
    expect(alpha158.features.map(({ name }) => name)).toEqual(document.sets.alpha158)
    const texts = alpha158.features.map(({ expression }) => expression)
    expect(faultsOf(texts, document.sets.alpha158, one, one.alpha158)).toEqual([])
  })

  it('of the other operators', () => expect(faultsOf(document.operators, document.operators, one, one.operators)).toEqual([]))
})

const wide = document.cases.filter(({ alpha360: answers }) => answers !== undefined)

it('has cases for Alpha360', () => expect(wide.map(({ name }) => name)).toEqual(['suspensions', 'a short history']))

it.each(wide)('over $name, every cell of Alpha360 is pyqlib’s', (one) => {
  expect(alpha360.features.map(({ name }) => name)).toEqual(document.sets.alpha360)
  const texts = alpha360.features.map(({ expression }) => expression)
  expect(faultsOf(texts, document.sets.alpha360, one, one.alpha360!)).toEqual([])
})
