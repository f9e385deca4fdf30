/**
 * Rolling sample skewness and excess kurtosis as pandas' `rolling(window, min_periods=1).skew` and `.kurt`: values that
 * are not finite are skipped; fewer than three (four) of them give NaN, and so do values without spread.
 *
 * Blocks as in rolling-sum.ts. A part keeps count, mean and the sums of the second to fourth power of its deviations;
 * one value is added, and two parts are joined, by Pébay's formulas (Sandia report SAND2008-6212, 2008). Cost: O(1) a row.
 */
import type { Column, Workspace } from '../workspace.ts'

type Finish = (count: number, second: number, third: number, fourth: number) => number

const skewness: Finish = (n, second, third) => (n < 3 ? NaN : ((n * Math.sqrt(n - 1)) / (n - 2)) * (third / (second * Math.sqrt(second))))

const kurtosis: Finish = (n, second, _third, fourth) =>
  n < 4 ? NaN : ((n - 1) / ((n - 2) * (n - 3))) * ((n * (n + 1) * fourth) / (second * second) - 3 * (n - 1))

export const rollingSkewness = (values: Column, window: number, workspace: Workspace): Column =>
  rollingMoments(values, window, workspace, skewness)

export const rollingKurtosis = (values: Column, window: number, workspace: Workspace): Column =>
  rollingMoments(values, window, workspace, kurtosis)

class Part {
  count = 0
  mean = 0
  second = 0
  third = 0
  fourth = 0

  clear(): void {
    this.count = this.mean = this.second = this.third = this.fourth = 0
  }

  add(value: number): void {
    const n = ++this.count
    const deviation = value - this.mean
    const step = deviation / n
    const term = deviation * step * (n - 1)
    this.mean += step
    this.fourth += term * step * step * (n * n - 3 * n + 3) + 6 * step * step * this.second - 4 * step * this.third
    this.third += term * step * (n - 2) - 3 * step * this.second
    this.second += term
  }

  /** This part becomes the whole of two. */
  join(a: Part, b: Part): void {
    const n = a.count + b.count
    this.count = n
    this.second = a.second + b.second
    this.third = a.third + b.third
    this.fourth = a.fourth + b.fourth
    if (a.count === 0 || b.count === 0) return
    const gap = b.mean - a.mean
    const step = gap / n
    const weight = a.count * b.count
    this.second += gap * step * weight
    this.third += gap * step * step * weight * (a.count - b.count) + 3 * step * (a.count * b.second - b.count * a.second)
    this.fourth +=
      gap * step * step * step * weight * (a.count * a.count - weight + b.count * b.count) +
      6 * step * step * (a.count * a.count * b.second + b.count * b.count * a.second) +
      4 * step * (a.count * b.third - b.count * a.third)
  }
}

function rollingMoments(values: Column, asked: number, workspace: Workspace, finish: Finish): Column {
  const out = workspace.lend()
  const tails = Array.from({ length: 5 }, () => workspace.lend())
  const [tailCount, tailMean, tailSecond, tailThird, tailFourth] = tails as [Column, Column, Column, Column, Column]
  const rows = values.length
  const window = Math.min(asked, rows)
  for (const tail of tails) tail.fill(0, 0, window)
  const [head, before, whole] = [new Part(), new Part(), new Part()]
  for (let start = 0; start < rows; start += window) {
    const end = Math.min(start + window, rows)
    head.clear()
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = values[row]!
      if (value - value === 0) head.add(value)
      before.count = tailCount[carried]!
      before.mean = tailMean[carried]!
      before.second = tailSecond[carried]!
      before.third = tailThird[carried]!
      before.fourth = tailFourth[carried]!
      whole.join(before, head)
      out[row] = finish(whole.count, whole.second, whole.third, whole.fourth)
    }
    if (end === rows) break
    before.clear()
    for (let taken = 1; taken < window; taken++) {
      const value = values[end - taken]!
      if (value - value === 0) before.add(value)
      tailCount[taken] = before.count
      tailMean[taken] = before.mean
      tailSecond[taken] = before.second
      tailThird[taken] = before.third
      tailFourth[taken] = before.fourth
    }
  }
  workspace.giveBack(...tails)
  return out
}
