/**
 * Change over `period` rows, as TA-Lib's TA_MOM: x less x `period` rows ago. NaN for the first `period` rows. float64.
 * Input: finite values. Cost: O(1) a row.
 */
export const momentum = (values: Float64Array, period: number): Float64Array =>
  values.map((value, row) => (row < period ? NaN : value - values[row - period]!))
