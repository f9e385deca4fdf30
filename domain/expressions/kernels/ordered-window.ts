/** The finite values of a sliding window in order, so that each is found by its place. */
export type OrderedWindow = {
  /** finite values held */
  size: number
  /** one row on: a value leaves, one enters; those that are not finite are no values */
  slide(leaving: number, entering: number): void
  /** the value at a place from 0 in ascending order */
  at(place: number): number
  /** the mean place of the values that equal the newest one, counted from 1; asked only when that one is finite */
  rankOfNewest(): number
}

/** Longer windows are kept as a tree. Below, moving numbers in an array costs less than any tree. */
const longestArray = 256

export const orderedWindow = (values: Float64Array, window: number): OrderedWindow =>
  window <= longestArray ? new SortedArray(window) : new CountTree(values)

/** Cost: O(w) moves of eight bytes a row. */
class SortedArray implements OrderedWindow {
  size = 0
  private newest = 0
  private readonly sorted: Float64Array

  constructor(window: number) {
    this.sorted = new Float64Array(window + 1)
  }

  slide(leaving: number, entering: number): void {
    const { sorted } = this
    // the place that is free: of the value that leaves, or one more at the end
    let place = this.size
    if (leaving - leaving === 0) place = this.below(leaving)
    else this.size++
    if (entering - entering !== 0) {
      this.size--
      for (; place < this.size; place++) sorted[place] = sorted[place + 1]!
      return
    }
    const last = this.size - 1
    while (place > 0 && sorted[place - 1]! > entering) {
      sorted[place] = sorted[place - 1]!
      place--
    }
    while (place < last && sorted[place + 1]! < entering) {
      sorted[place] = sorted[place + 1]!
      place++
    }
    sorted[place] = entering
    this.newest = place
  }

  at(place: number): number {
    return this.sorted[place]!
  }

  rankOfNewest(): number {
    const { sorted, newest } = this
    const value = sorted[newest]
    let first = newest
    let last = newest
    while (first > 0 && sorted[first - 1] === value) first--
    while (last < this.size - 1 && sorted[last + 1] === value) last++
    return (first + last) / 2 + 1
  }

  /** Halves without a branch that a processor could guess wrong. */
  private below(value: number): number {
    const { sorted } = this
    let from = 0
    for (let length = this.size; length > 0;) {
      const half = (length + 1) >> 1
      from += ((sorted[from + half - 1]! < value) as unknown as number) * half
      length -= half
    }
    return from
  }
}

/** Counts by value over all distinct values of the series (Fenwick 1994). Cost: O(log n) a row, of n rows in all. */
class CountTree implements OrderedWindow {
  size = 0
  private newest = 0
  private readonly distinct: Float64Array
  private readonly counts: Int32Array
  private readonly highest: number

  constructor(values: Float64Array) {
    const sorted = values.filter((value) => value - value === 0).sort()
    this.distinct = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1])
    this.counts = new Int32Array(this.distinct.length + 1)
    this.highest = 1 << (31 - Math.clz32(Math.max(1, this.distinct.length)))
  }

  slide(leaving: number, entering: number): void {
    if (leaving - leaving === 0) this.change(this.indexOf(leaving), -1)
    if (entering - entering !== 0) return
    this.newest = this.indexOf(entering)
    this.change(this.newest, 1)
  }

  at(place: number): number {
    let index = 0
    let left = place
    for (let step = this.highest; step > 0; step >>= 1) {
      const next = index + step
      if (next < this.counts.length && this.counts[next]! <= left) {
        index = next
        left -= this.counts[next]!
      }
    }
    return this.distinct[index]!
  }

  rankOfNewest(): number {
    return (this.upTo(this.newest) + this.upTo(this.newest + 1) + 1) / 2
  }

  /** Values held among the smallest distinct ones, so many of them. */
  private upTo(distinct: number): number {
    let count = 0
    for (let index = distinct; index > 0; index -= index & -index) count += this.counts[index]!
    return count
  }

  private change(at: number, by: 1 | -1): void {
    this.size += by
    for (let index = at + 1; index < this.counts.length; index += index & -index) this.counts[index]! += by
  }

  /** Distinct values that are smaller. */
  private indexOf(value: number): number {
    let from = 0
    let to = this.distinct.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.distinct[middle]! < value) from = middle + 1
      else to = middle
    }
    return from
  }
}
