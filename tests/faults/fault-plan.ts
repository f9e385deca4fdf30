/**
 * Fails one operation of many: the Nth that matches, before it happens, or after it happened and before its answer is
 * heard. The second is what tells an effect that is keyed from one that is merely guarded by an `if`.
 */
export type FaultOptions = {
  /** which operations count: a name, a statement's text, … */
  on: RegExp
  /** 1 is the first that matches */
  nth: number
  when?: 'before' | 'after'
  /** how many in a row fail from the Nth on; 1 by default */
  times?: number
  error?: (operation: string) => Error
}

export class FaultPlan {
  /** every operation that matched, in order, failed or not */
  readonly seen: string[] = []
  fired = 0
  private readonly options: Required<FaultOptions>

  constructor(options: FaultOptions) {
    if (!Number.isInteger(options.nth) || options.nth < 1) throw new RangeError(`nth counts from 1, not ${options.nth}`)
    this.options = { when: 'before', times: 1, error: (operation) => new Error(`injected fault: ${operation}`), ...options }
  }

  async run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    const error = this.faultOf(operation)
    if (error && this.options.when === 'before') throw error
    const answer = await work()
    if (error) throw error
    return answer
  }

  /** The error with which this operation has to end, if any; it counts the operation. */
  private faultOf(operation: string): Error | undefined {
    if (!this.options.on.test(operation)) return undefined
    this.seen.push(operation)
    const index = this.seen.length - this.options.nth
    if (index < 0 || index >= this.options.times) return undefined
    this.fired++
    return this.options.error(operation)
  }
}
