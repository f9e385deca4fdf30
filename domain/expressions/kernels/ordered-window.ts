/** The finite values of a sliding window in order, so that each is found by its place. */
export type OrderedWindow = {
  /** finite values held */
  size: number
  /** one row on: a value leaves, one enters; those that are not finite are no values */
  slide(leaving: number, entering: number): void
  /** the value at a place from 0 in ascending order */
  at(place: number): number
  /** how many values are smaller than this one */
  below(value: number): number
}

/** Longer windows are kept as a tree. Below, moving numbers in an array costs less than any tree. */
const longestArray = 256

export const orderedWindow = (values: Float64Array, window: number): OrderedWindow =>
  window <= longestArray ? new SortedArray(window) : new CountTree(values)

/** Cost: O(w) moves of eight bytes a row. */
class SortedArray implements OrderedWindow {
  size = 0
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
  }

  at(place: number): number {
    return this.sorted[place]!
  }

  below(value: number): number {
    const { sorted } = this
    let [from, to] = [0, this.size]
    while (from < to) {
      const middle = (from + to) >> 1
      if (sorted[middle]! < value) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** Counts by value over all distinct values of the series (Fenwick 1994). Cost: O(log n) a row, of n rows in all. */
class CountTree implements OrderedWindow {
  size = 0
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
    if (leaving - leaving === 0) this.change(leaving, -1)
    if (entering - entering === 0) this.change(entering, 1)
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

  below(value: number): number {
    let count = 0
    for (let index = this.indexOf(value); index > 0; index -= index & -index) count += this.counts[index]!
    return count
  }

  private change(value: number, by: 1 | -1): void {
    this.size += by
    for (let index = this.indexOf(value) + 1; index < this.counts.length; index += index & -index) this.counts[index]! += by
  }

  /** Distinct values that are smaller. */
  private indexOf(value: number): number {
    let [from, to] = [0, this.distinct.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if (this.distinct[middle]! < value) from = middle + 1
      else to = middle
    }
    return from
  }
}
