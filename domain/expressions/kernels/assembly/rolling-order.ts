/**
 * See ../rolling-order.ts: a window as a sorted array of `window` + 1 places. `lines` is a table of what is asked, with 24
 * bytes for each line: its quantile or `rankOfNewest` (f64), the address of its column (u32), the place below its quantile
 * (i32) and the share of the way to the next one (f64); the last two change with the window's size alone.
 */
import { at, isFinite, put } from './columns'

const rankOfNewest: f64 = -1
const bytesOfLine: usize = 24

export function rollingOrder(values: usize, rows: i32, window: i32, sorted: usize, count: i32, lines: usize): void {
  const end = lines + <usize>count * bytesOfLine
  let size = 0
  let placed = -1
  for (let row = 0; row < rows; row++) {
    const entering = at(values, row)
    const leaving = row < window ? NaN : at(values, row - window)
    // the free place: of the value that leaves, or one more at the end
    let place = size
    if (isFinite(leaving)) place = placeOf(sorted, size, leaving)
    else size++
    if (isFinite(entering)) {
      for (; place > 0 && at(sorted, place - 1) > entering; place--) put(sorted, place, at(sorted, place - 1))
      for (; place < size - 1 && at(sorted, place + 1) < entering; place++) put(sorted, place, at(sorted, place + 1))
      put(sorted, place, entering)
    } else {
      size--
      for (let hole = place; hole < size; hole++) put(sorted, hole, at(sorted, hole + 1))
      place = -1
    }
    if (size !== placed) {
      placed = size
      for (let line = lines; line < end; line += bytesOfLine) placeQuantile(line, size)
    }
    for (let line = lines; line < end; line += bytesOfLine) {
      const answer = load<f64>(line) === rankOfNewest ? rankAt(sorted, size, place) : quantileAt(sorted, size, line)
      put(load<u32>(line, 8), row, answer)
    }
  }
}

/** From the middle outwards: short windows are searched faster so than by halves. */
function placeOf(sorted: usize, size: i32, value: f64): i32 {
  let place = size >> 1
  while (place > 0 && at(sorted, place) > value) place--
  while (at(sorted, place) < value) place++
  return place
}

function placeQuantile(line: usize, size: i32): void {
  const quantile = load<f64>(line) * <f64>(size - 1)
  store<i32>(line, <i32>floor(quantile), 12)
  store<f64>(line, quantile - floor(quantile), 16)
}

function quantileAt(sorted: usize, size: i32, line: usize): f64 {
  if (size === 0) return NaN
  const lower = load<i32>(line, 12)
  const share = load<f64>(line, 16)
  const value = at(sorted, lower)
  return share === 0 ? value : value + (at(sorted, lower + 1) - value) * share
}

/** The mean place of the values that equal the one at `place`, counted from 1, over their count; NaN without a place. */
function rankAt(sorted: usize, size: i32, place: i32): f64 {
  if (place < 0) return NaN
  const value = at(sorted, place)
  let first = place
  let last = place
  while (first > 0 && at(sorted, first - 1) === value) first--
  while (last < size - 1 && at(sorted, last + 1) === value) last++
  return (<f64>(first + last) / 2 + 1) / <f64>size
}
