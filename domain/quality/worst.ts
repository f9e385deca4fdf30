/** `total` counts all; `shown` are the worst of them, worst first. */
export type Listed<T> = { total: number; shown: T[] }

/** Keeps the worst of many in bounded memory. `compare` puts the worse first and must decide every pair, so that equal data give equal lists. */
export class Worst<T> {
  private readonly most: number
  private readonly compare: (a: T, b: T) => number
  private kept: T[] = []
  private total = 0

  constructor(most: number, compare: (a: T, b: T) => number) {
    this.most = most
    this.compare = compare
  }

  add(item: T): void {
    this.total++
    this.kept.push(item)
    // sorted now and then, not each time
    if (this.kept.length >= this.most * 2) this.cut()
  }

  list(): Listed<T> {
    this.cut()
    return { total: this.total, shown: [...this.kept] }
  }

  private cut(): void {
    this.kept = this.kept.sort(this.compare).slice(0, this.most)
  }
}
