/**
 * Values by a key that names their content, so that none goes stale. Those asked for last stay, as many as together weigh
 * no more than `bound`; without `weigh` each weighs 1.
 */
export class RecentlyUsed<T> {
  private readonly kept = new Map<string, T>()
  private readonly bound: number
  private readonly weigh: (value: T) => number
  private weight = 0

  constructor(bound: number, weigh: (value: T) => number = () => 1) {
    this.bound = bound
    this.weigh = weigh
  }

  get(key: string): T | undefined {
    const value = this.kept.get(key)
    if (value === undefined) return undefined
    this.kept.delete(key)
    this.kept.set(key, value)
    return value
  }

  set(key: string, value: T): void {
    this.delete(key)
    this.kept.set(key, value)
    this.weight += this.weigh(value)
    for (const oldest of this.kept.keys()) {
      if (this.weight <= this.bound) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    const value = this.kept.get(key)
    if (value === undefined) return
    this.kept.delete(key)
    this.weight -= this.weigh(value)
  }

  /** The value that is kept, or one that is made now. What `make` throws is not kept. */
  of(key: string, make: () => T): T {
    const found = this.get(key)
    if (found !== undefined) return found
    const made = make()
    this.set(key, made)
    return made
  }
}
