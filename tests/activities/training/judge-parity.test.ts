import { describe, expect, it } from 'vitest'
import { judgeParity, parityTolerance } from '#activities/training/check-parity.ts'
import { linearForecast } from '#activities/training/linear-forecast.ts'
import { QuantloopError } from '#contracts/errors.ts'

describe('parity', () => {
  it('accepts what float32 rounds away, also of large predictions', () => {
    const expected = Float64Array.from([0.1, -3.3, 1e6 / 3, 0])
    expect(judgeParity(expected, Float32Array.from(expected))).toMatchObject({ rows: 4, tolerance: parityTolerance, exceedingRows: 0 })
  })

  it('accepts no row beyond the tolerance, and names the worst', () => {
    const expected = Float64Array.from({ length: 1000 }, (_, row) => row / 1000)
    const answered = Float32Array.from(expected)
    answered[700] = 0.7 + 3e-6
    answered[41]! += 2e-6
    expect(() => judgeParity(expected, answered)).toThrow(/^2 of 1000 rows differ .*, most in row 700: 0\.7 against 0\.70000/)
  })

  it('takes an answer that is not a number as a difference', () => {
    expect(() => judgeParity(Float64Array.of(1, 2), Float32Array.of(1, Number.NaN))).toThrow(QuantloopError)
  })
})

describe('the linear baseline', () => {
  const model = { mean: [1, -2], scale: [2, 4], coefficients: [3, 5], intercept: 0.5, alpha: 1 }

  it('standardises, and takes a missing value at its mean', () => {
    const rows = Float32Array.of(5, 2, Number.NaN, 2, 1, Number.NaN)
    // 0.5 + 3 (5−1)/2 + 5 (2+2)/4, then without the first, then without both
    expect([...linearForecast(model, rows, 3)]).toEqual([11.5, 5.5, 0.5])
  })
})
