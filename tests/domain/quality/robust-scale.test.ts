/** Against SciPy and NumPy, by the values that make_robust.py stored. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { robustScale } from '#domain/quality/robust-scale.ts'

type Case = { values: number[]; median: number; scale: number }
const cases = Object.entries(JSON.parse(readFileSync(new URL('./fixtures/robust.json', import.meta.url), 'utf8')) as Record<string, Case>)

test.each(cases)('%s', (_, { values, median, scale }) => {
  const found = robustScale(Float64Array.from(values))!
  expect(found.median).toBeCloseTo(median, 14)
  expect(Math.abs(found.scale - scale)).toBeLessThanOrEqual(1e-13 * scale)
})

test('what is missing is left out; of nothing there is no scale', () => {
  expect(robustScale(Float64Array.of(Number.NaN, 1, Number.NaN, 3))).toEqual(robustScale(Float64Array.of(1, 3)))
  expect(robustScale(Float64Array.of(Number.NaN))).toBeUndefined()
})

test('the values stay in their order', () => {
  const values = Float64Array.of(3, 1, 2)
  robustScale(values)
  expect([...values]).toEqual([3, 1, 2])
})
