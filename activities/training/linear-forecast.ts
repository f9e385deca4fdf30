import type { FitReport } from '#contracts/training.ts'

/** The ridge baseline of the fit, on rows of features one after the other: standardised, missing values at the mean. */
export function linearForecast(
  { mean, scale, coefficients, intercept }: FitReport['linear'],
  rows: Float32Array,
  count: number,
): Float64Array {
  const features = coefficients.length
  return Float64Array.from({ length: count }, (_, row) => {
    let forecast = intercept
    for (let feature = 0; feature < features; feature++) {
      const value = rows[row * features + feature]!
      if (!Number.isNaN(value)) forecast += coefficients[feature]! * ((value - mean[feature]!) / scale[feature]!)
    }
    return forecast
  })
}
