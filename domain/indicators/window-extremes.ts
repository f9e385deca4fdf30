/**
 * Where the largest and the smallest value of each window stand: the newest of equals, as TA-Lib has it in TA_AROON.
 * A monotonic queue. The first `window` − 1 rows look at what there is. Input: finite values. Cost: O(1) a row, amortised.
 */

/** @returns the row of the largest of the last `window` values, for each row */
export const latestMaxima = (values: Float64Array, window: number): Int32Array => latest(values, window, (newer, older) => newer >= older)

/** @returns the row of the smallest of the last `window` values, for each row */
export const latestMinima = (values: Float64Array, window: number): Int32Array => latest(values, window, (newer, older) => newer <= older)

function latest(values: Float64Array, window: number, beats: (newer: number, older: number) => boolean): Int32Array {
  const out = new Int32Array(values.length)
  // rows that may still be the extreme of a window to come, the present one's first; no value beats one before it
  const queue = new Int32Array(values.length)
  let [first, end] = [0, 0]
  for (let row = 0; row < values.length; row++) {
    while (end > first && beats(values[row]!, values[queue[end - 1]!]!)) end--
    queue[end++] = row
    if (queue[first]! <= row - window) first++
    out[row] = queue[first]!
  }
  return out
}
