/**
 * Rate of change as TA-Lib's TA_ROC: 100·(x / x `period` rows ago − 1), 0 where the earlier value is 0. NaN for the
 * first `period` rows. float64. Input: finite values. Cost: O(1) a row.
 */
export function rateOfChange(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length).fill(NaN, 0, Math.min(period, values.length))
  for (let row = period; row < out.length; row++) {
    const earlier = values[row - period]!
    out[row] = earlier === 0 ? 0 : (values[row]! / earlier - 1) * 100
  }
  return out
}
