/**
 * True range as TA-Lib's TA_TRANGE: the largest of high − low, |high − previous close| and |low − previous close|. NaN
 * on the first row. float64. Input: finite values. Cost: O(1) a row.
 */
export function trueRange(high: Float64Array, low: Float64Array, close: Float64Array): Float64Array {
  const out = new Float64Array(high.length).fill(NaN, 0, 1)
  for (let row = 1; row < out.length; row++) out[row] = rangeOf(high[row]!, low[row]!, close[row - 1]!)
  return out
}

export const rangeOf = (high: number, low: number, previousClose: number) =>
  Math.max(high - low, Math.abs(high - previousClose), Math.abs(low - previousClose))
