/** A set of days within a range, one bit each: which sessions a symbol has, for many symbols at once. */
export class DaySet {
  private readonly first: number
  private readonly bits: Uint32Array

  /** Days since 1970-01-01, both included. */
  constructor(first: number, last: number) {
    this.first = first
    this.bits = new Uint32Array(((last - first) >> 5) + 1)
  }

  add(day: number): void {
    const at = day - this.first
    this.bits[at >> 5]! |= 1 << (at & 31)
  }

  has(day: number): boolean {
    const at = day - this.first
    return at >= 0 && ((this.bits[at >> 5] ?? 0) & (1 << (at & 31))) !== 0
  }
}
