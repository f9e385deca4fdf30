/**
 * Commodity channel index as TA-Lib's TA_CCI (Lambert 1980): the typical price (high + low + close)/3 less its mean over
 * `period` rows, by 0.015 mean absolute deviations; 0 where there is no deviation. NaN for the first period − 1 rows.
 * float64. Input: finite values.
 *
 * Sums are of distances from the row's own price, so that equal prices have exactly no deviation; TA-Lib sums the prices
 * and may answer ±66.67 then. Every window is summed anew. Cost: O(period) a row, as in TA-Lib.
 */
export function commodityChannel(high: Float64Array, low: Float64Array, close: Float64Array, period: number): Float64Array {
  const typical = close.map((value, row) => (high[row]! + low[row]! + value) / 3)
  return typical.map((price, row) => {
    if (row < period - 1) return NaN
    let sum = 0
    for (let at = row - period + 1; at < row; at++) sum += typical[at]! - price
    const mean = sum / period
    let deviation = Math.abs(mean)
    for (let at = row - period + 1; at < row; at++) deviation += Math.abs(typical[at]! - price - mean)
    return mean === 0 || deviation === 0 ? 0 : -mean / (0.015 * (deviation / period))
  })
}
