/** See ../rolling-variance.ts. Blocks as in rolling-sum.ts; `root` answers the deviation. */
import { at, isFinite, put } from './columns'

export function rollingVariance(values: usize, rows: i32, window: i32, tails: usize, out: usize, root: bool): void {
  const size = (<usize>window) << 3
  let tail = tails
  let next = tails + 3 * size
  memory.fill(tail, 0, 3 * size)
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let count: f64 = 0
    let mean: f64 = 0
    let squares: f64 = 0
    let countLeft: f64 = 0
    let meanLeft: f64 = 0
    let squaresLeft: f64 = 0
    for (let row = start, taken = 0; row < end; row++, taken++) {
      const value = at(values, row)
      if (isFinite(value)) {
        const deviation = value - mean
        mean += deviation / ++count
        squares += deviation * (value - mean)
      }
      const carried = window - 1 - taken
      const before = at(tail, carried)
      const all = count + before
      // with one part empty the other's squares are the whole
      const gap = count === 0 || before === 0 ? 0 : mean - at(tail + size, carried)
      const joined = squares + at(tail + 2 * size, carried) + (gap === 0 ? 0 : (gap * gap * count * before) / all)
      const variance = all < 2 ? NaN : joined / (all - 1)
      put(out, row, root ? sqrt(variance) : variance)
      put(next, taken, countLeft)
      put(next + size, taken, meanLeft)
      put(next + 2 * size, taken, squaresLeft)
      const older = at(values, end - 1 - taken)
      if (isFinite(older)) {
        const deviation = older - meanLeft
        meanLeft += deviation / ++countLeft
        squaresLeft += deviation * (older - meanLeft)
      }
    }
    const used = tail
    tail = next
    next = used
  }
}
