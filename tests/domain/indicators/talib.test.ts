import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { technical } from '#domain/expressions/operators/technical.ts'

type Series = (number | null)[]
type Answer = { operator: string; inputs: string[]; settings: number[]; values: Series }
type Case = { name: string; bars: Record<string, number[]>; answers: Answer[] }

/** What TA-Lib answers; made by make_talib_values.py. */
const { cases } = JSON.parse(readFileSync(new URL('./fixtures/talib-values.json', import.meta.url), 'utf8')) as { cases: Case[] }

/** The largest difference relative to the larger of 1 and the value, and rows where one is missing and the other is not. */
function compare(ours: Float64Array, theirs: Series) {
  let worst = 0
  const missing: number[] = []
  for (const [row, expected] of theirs.entries()) {
    const found = ours[row]!
    if (Number.isNaN(found) !== (expected === null)) missing.push(row)
    else if (expected !== null) worst = Math.max(worst, Math.abs(found - expected) / Math.max(1, Math.abs(expected)))
  }
  return { worst, missing }
}

it.each([...technical.keys()])('TA-Lib was asked for %s', (name) =>
  expect(cases.map(({ answers }) => answers.some(({ operator }) => operator === name))).toEqual(cases.map(() => true)),
)

describe.each(cases)('on $name', ({ bars, answers }) => {
  const columns = Object.fromEntries(Object.entries(bars).map(([name, values]) => [name, Float64Array.from(values)]))

  it.each(answers)('$operator of $inputs, $settings is TA-Lib’s within 1e-9, with the same warm-up', (answer) => {
    const { kernel, line, rows } = technical.get(answer.operator)!
    const lines = kernel.compute(
      answer.inputs.map((name) => columns[name]!),
      answer.settings,
    )
    const { worst, missing } = compare(lines[line]!, answer.values)
    expect(missing).toEqual([])
    expect(worst).toBeLessThan(1e-9)
    expect(-rows(answer.settings).from).toBe(answer.values.findIndex((value) => value !== null))
  })
})
