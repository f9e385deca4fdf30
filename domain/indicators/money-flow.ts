/**
 * Money flow index as TA-Lib's TA_MFI (Quong and Soudack 1989): of typical price·volume over `period` rows, the percentage
 * that flowed while the typical price rose; rows where it stood still count on neither side. 0 where less than 1 flowed,
 * as TA-Lib has it. NaN for the first `period` rows. float64. Input: finite values. Cost: O(1) a row.
 */
import { anchoredSums } from './anchored-sums.ts'

export function moneyFlow(high: Float64Array, low: Float64Array, close: Float64Array, volume: Float64Array, period: number): Float64Array {
  const typical = close.map((value, row) => (high[row]! + low[row]! + value) / 3)
  // the first row has no direction
  const flowWhere = (direction: 1 | -1) =>
    typical.subarray(1).map((price, row) => (Math.sign(price - typical[row]!) === direction ? price * volume[row + 1]! : 0))
  const [rising, falling] = [anchoredSums(flowWhere(1), period), anchoredSums(flowWhere(-1), period)]
  return typical.map((_, row) => {
    if (row < period) return NaN
    const inflow = rising[row - 1]!
    const both = inflow + falling[row - 1]!
    return both < 1 ? 0 : 100 * (inflow / both)
  })
}
