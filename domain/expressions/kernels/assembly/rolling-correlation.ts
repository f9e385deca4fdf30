/** See ../rolling-correlation.ts. Blocks as in rolling-variance.ts. */
import { at, isFinite, put } from './columns'
import { fillReciprocals } from './reciprocals'

/** A variance that Qlib takes for none. */
const least: f64 = 2e-5 * 2e-5

/**
 * The correlation, or the covariance, of the pairs of each window.
 * @returns whether in some row one series has a value and the other none: in windows with such a row each series' own
 *   deviation is not yet looked at
 */
export function rollingCoMoment(x: usize, y: usize, rows: i32, window: i32, tails: usize, out: usize, correlation: bool): bool {
  const size = (<usize>window) << 3
  const tailCount = tails
  const tailX = tails + size
  const tailY = tails + 2 * size
  const tailXx = tails + 3 * size
  const tailYy = tails + 4 * size
  const tailXy = tails + 5 * size
  const inverse = tails + 6 * size
  memory.fill(tails, 0, 6 * size)
  fillReciprocals(inverse, window)
  let unlike = -window
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let count = 0
    let meanX: f64 = 0
    let meanY: f64 = 0
    let sumXx: f64 = 0
    let sumYy: f64 = 0
    let sumXy: f64 = 0
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      const valueX = at(x, row)
      const valueY = at(y, row)
      const hasX = isFinite(valueX)
      const hasY = isFinite(valueY)
      if (hasX && hasY) {
        const share = at(inverse, ++count)
        const fromX = valueX - meanX
        const fromY = valueY - meanY
        meanX += fromX * share
        meanY += fromY * share
        sumXx += fromX * (valueX - meanX)
        sumYy += fromY * (valueY - meanY)
        sumXy += fromX * (valueY - meanY)
      } else if (hasX !== hasY) unlike = row
      const before = at(tailCount, carried)
      const all = <f64>count + before
      let xx = sumXx + at(tailXx, carried)
      let yy = sumYy + at(tailYy, carried)
      let xy = sumXy + at(tailXy, carried)
      // with one part empty the other's sums are the whole
      if (count !== 0 && before !== 0) {
        const weight = <f64>count * before * at(inverse, <i32>all)
        const gapX = meanX - at(tailX, carried)
        const gapY = meanY - at(tailY, carried)
        xx += gapX * gapX * weight
        yy += gapY * gapY * weight
        xy += gapX * gapY * weight
      }
      put(out, row, correlation ? correlate(all, xx, yy, xy, row - unlike >= window) : all < 2 ? NaN : xy / (all - 1))
    }
    if (end === rows) break
    count = 0
    meanX = meanY = sumXx = sumYy = sumXy = 0
    for (let taken = 1; taken < window; taken++) {
      const valueX = at(x, end - taken)
      const valueY = at(y, end - taken)
      if (isFinite(valueX) && isFinite(valueY)) {
        const share = at(inverse, ++count)
        const fromX = valueX - meanX
        const fromY = valueY - meanY
        meanX += fromX * share
        meanY += fromY * share
        sumXx += fromX * (valueX - meanX)
        sumYy += fromY * (valueY - meanY)
        sumXy += fromX * (valueY - meanY)
      }
      put(tailCount, taken, count)
      put(tailX, taken, meanX)
      put(tailY, taken, meanY)
      put(tailXx, taken, sumXx)
      put(tailYy, taken, sumYy)
      put(tailXy, taken, sumXy)
    }
  }
  return unlike >= 0
}

/** Of `alike` pairs, which are the series' own values, the deviations are known already. */
function correlate(pairs: f64, xx: f64, yy: f64, xy: f64, alike: bool): f64 {
  const bound = alike ? least * (pairs - 1) : 0
  // a square root each, as their product may overflow
  const found = xy / (sqrt(xx) * sqrt(yy))
  if (xx <= bound || yy <= bound) return NaN
  return found > 1 ? 1 : found < -1 ? -1 : found
}
