/** See ../rolling-regression.ts. Blocks as in rolling-variance.ts. */
import { at, put } from './columns'
import { fillReciprocals } from './reciprocals'

/** A variance that Qlib takes for none. */
const least: f64 = 2e-5 * 2e-5

/** `rows` end before the first infinity. */
export function rollingRegression(
  values: usize,
  rows: i32,
  window: i32,
  tails: usize,
  slopes: usize,
  shares: usize,
  residuals: usize,
): void {
  const size = (<usize>window) << 3
  const tailCount = tails
  const tailTime = tails + size
  const tailMean = tails + 2 * size
  const tailTt = tails + 3 * size
  const tailYy = tails + 4 * size
  const tailTy = tails + 5 * size
  const inverse = tails + 6 * size
  memory.fill(tails, 0, 6 * size)
  fillReciprocals(inverse, window)
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let count = 0
    let meanT: f64 = 0
    let meanY: f64 = 0
    let sumTt: f64 = 0
    let sumYy: f64 = 0
    let sumTy: f64 = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const value = at(values, row)
      const time: f64 = row - start
      if (value === value) {
        const share = at(inverse, ++count)
        const fromT = time - meanT
        const fromY = value - meanY
        meanT += fromT * share
        meanY += fromY * share
        sumTt += fromT * (time - meanT)
        sumYy += fromY * (value - meanY)
        sumTy += fromT * (value - meanY)
      }
      const before = at(tailCount, carried)
      const all = <f64>count + before
      const rest = at(inverse, <i32>all)
      const gapT = meanT - at(tailTime, carried)
      const gapY = meanY - at(tailMean, carried)
      const weight = <f64>count * before * rest
      let tt = sumTt + at(tailTt, carried)
      let yy = sumYy + at(tailYy, carried)
      let ty = sumTy + at(tailTy, carried)
      // with one part empty the other's sums are the whole
      if (weight !== 0) {
        tt += gapT * gapT * weight
        yy += gapY * gapY * weight
        ty += gapT * gapY * weight
      }
      const slope = all < 2 ? NaN : ty / tt
      put(slopes, row, slope)
      put(shares, row, yy <= least * (all - 1) ? NaN : (slope * ty) / yy)
      const ahead = before * rest
      put(residuals, row, value - (meanY - gapY * ahead) - slope * (time - (meanT - gapT * ahead)))
    }
    if (end === rows) break
    count = 0
    meanT = meanY = sumTt = sumYy = sumTy = 0
    for (let taken = 1; taken < window; taken++) {
      const value = at(values, end - taken)
      if (value === value) {
        const time: f64 = -taken
        const share = at(inverse, ++count)
        const fromT = time - meanT
        const fromY = value - meanY
        meanT += fromT * share
        meanY += fromY * share
        sumTt += fromT * (time - meanT)
        sumYy += fromY * (value - meanY)
        sumTy += fromT * (value - meanY)
      }
      put(tailCount, taken, count)
      put(tailTime, taken, meanT)
      put(tailMean, taken, meanY)
      put(tailTt, taken, sumTt)
      put(tailYy, taken, sumYy)
      put(tailTy, taken, sumTy)
    }
  }
}
