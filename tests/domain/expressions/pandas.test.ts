import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { evaluate } from '#domain/expressions/evaluate.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan } from '#domain/expressions/plan.ts'

type Value = number | null | 'inf' | '-inf'
type Case = { name: string; inputs: Record<string, Value[]>; outputs: Record<string, Value[]> }

/** What Qlib's own pandas and numpy calls answer; made by make_pandas_values.py. */
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/pandas-values.json', import.meta.url), 'utf8')) as { cases: Case[] }

const numberOf = (value: Value) => (value === null ? NaN : value === 'inf' ? Infinity : value === '-inf' ? -Infinity : value)

/** Equal as NaN and infinities are; finite ones within a few units of float32's last digit. */
function faultsOf(found: Float32Array, expected: Value[]): string[] {
  return expected.flatMap((value, row) => {
    const [ours, theirs] = [found[row]!, numberOf(value)]
    const near = Math.abs(ours - theirs) <= Math.max(1e-7, 5e-7 * Math.abs(theirs))
    return Object.is(ours, theirs) || ours === theirs || near ? [] : [`row ${row}: ${ours}, not ${theirs}`]
  })
}

describe.each(cases)('on $name', ({ inputs, outputs }) => {
  const source = Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, Float64Array.from(values, numberOf)]))

  it.each(Object.keys(outputs))('%s', (text) => {
    const [column] = evaluate(plan([parse(text)], Object.keys(source)), source)
    expect(faultsOf(column!, outputs[text]!)).toEqual([])
  })
})
