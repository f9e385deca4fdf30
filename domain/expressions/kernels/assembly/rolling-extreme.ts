/** See ../rolling-extreme.ts. Blocks as in rolling-sum.ts; values count times `side`, which is 1 or −1. */
import { at, isFinite, put } from './columns'

export function rollingExtreme(values: usize, rows: i32, window: i32, tails: usize, out: usize, side: f64): void {
  let tail = tails
  let next = tails + ((<usize>window) << 3)
  for (let row = 0; row < window; row++) put(tail, row, -Infinity)
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let most: f64 = -Infinity
    let mostLeft: f64 = -Infinity
    for (let row = start, taken = 0; row < end; row++, taken++) {
      const value = at(values, row) * side
      most = select(value, most, isFinite(value) && value > most)
      const before = at(tail, window - 1 - taken)
      const whole = before > most ? before : most
      put(out, row, whole === -Infinity ? NaN : whole * side)
      put(next, taken, mostLeft)
      const older = at(values, end - 1 - taken) * side
      mostLeft = select(older, mostLeft, isFinite(older) && older > mostLeft)
    }
    const used = tail
    tail = next
    next = used
  }
}

/** A value that is not finite counts as infinite, so that it is found first. */
export function rollingPlace(values: usize, rows: i32, window: i32, tails: usize, out: usize, side: f64): void {
  const tail = tails
  const tailRow = tails + ((<usize>window) << 3)
  for (let row = 0; row < window; row++) {
    put(tail, row, -Infinity)
    put(tailRow, row, 0)
  }
  let newestFinite = -window
  for (let start = 0; start < rows; start += window) {
    const end = min(start + window, rows)
    let most: f64 = -Infinity
    let found: f64 = start
    for (let row = start, carried = window - 1; row < end; row++, carried--) {
      let value = at(values, row) * side
      if (isFinite(value)) newestFinite = row
      else value = Infinity
      if (value > most) {
        most = value
        found = row
      }
      const earlier = at(tail, carried) >= most ? at(tailRow, carried) : found
      const first = row < window ? 0 : row - window + 1
      put(out, row, newestFinite < first ? NaN : earlier - first + 1)
    }
    if (end === rows) break
    most = -Infinity
    for (let taken = 1; taken < window; taken++) {
      const raw = at(values, end - taken) * side
      const value = isFinite(raw) ? raw : Infinity
      if (value >= most) {
        most = value
        found = end - taken
      }
      put(tail, taken, most)
      put(tailRow, taken, found)
    }
  }
}
