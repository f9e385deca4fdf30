/** The finite values of a sliding window, counted by value over all distinct values of the series (Fenwick 1994). Cost: O(log n) a row, of n rows in all. */
export class CountTree {
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

  /** One row on: a value leaves, one enters; those that are not finite are no values. */
  slide(leaving: number, entering: number): void {
    if (leaving - leaving === 0) this.change(this.indexOf(leaving), -1)
    if (entering - entering !== 0) return
    this.newest = this.indexOf(entering)
    this.change(this.newest, 1)
  }

  /** The value at a place from 0 in ascending order. */
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

  /** The mean place of the values that equal the newest finite one, counted from 1. */
  rankOfNewest(): number {
    return (this.upTo(this.newest) + this.upTo(this.newest + 1) + 1) / 2
  }

  /** Values held among so many of the smallest distinct ones. */
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
