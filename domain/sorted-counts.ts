/** How many of ascending numbers lie below a value, and how many up to it. Cost: O(log n). */

export const countBelow = (sorted: ArrayLike<number>, value: number): number => countWhile(sorted, (each) => each < value)

export const countUpTo = (sorted: ArrayLike<number>, value: number): number => countWhile(sorted, (each) => each <= value)

function countWhile(sorted: ArrayLike<number>, holds: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(sorted[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
