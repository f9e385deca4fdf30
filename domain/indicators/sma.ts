/**
 * Simple moving average as TA-Lib's TA_SMA: NaN for the first period − 1 rows. float64. Input: finite values.
 *
 * Where TA-Lib keeps one running sum, to which rounding errors stick, the rows are cut into blocks of `period`: a window
 * is the end of one block and the start of the next, two partial sums added. Nothing is subtracted, no error builds up,
 * and a computation begun at any multiple of the period gives the same bits from one block on. Cost: O(1) a row.
 */
export function sma(values: Float64Array, period: number): Float64Array {
  const rows = values.length
  const out = new Float64Array(rows)
  out.fill(NaN, 0, Math.min(period - 1, rows))
  for (let start = 0; start < rows; start += period) {
    // from this block's last row back: sums of the ends of this block, at the rows of the next that carry them
    let sum = 0
    for (let row = Math.min(start + period, rows) - 1; row > start; row--) {
      sum += values[row]!
      const carrier = row + period - 1
      if (carrier < rows) out[carrier] = sum
    }
    sum = 0
    const end = Math.min(start + period, rows)
    for (let row = start; row < end; row++) {
      sum += values[row]!
      if (row === end - 1 && end - start === period) out[row] = sum / period
      else if (start > 0) out[row] = (out[row]! + sum) / period
    }
  }
  return out
}
