import { type CompiledKernels, CompiledMemory, paddedBytes } from './kernels/compiled-memory.ts'

/**
 * Every column is held in float64, so that a kernel is compiled for one type. What numpy would hold in float32 has its
 * numbers rounded to float32, and a condition is 1 for true and 0 for false.
 */
export type Column = Float64Array

/**
 * Memory of one evaluation: columns of one length that kernels borrow and give back, so that hundreds of steps touch a
 * handful of them. A lent column holds what was left in it; its borrower writes every row that is read.
 *
 * Columns lie where compiled kernels reach them. Workspaces are closed the newest first, which ends all loans.
 */
export class Workspace {
  readonly rows: number
  /** A column's length in memory, in bytes. */
  readonly bytes: number
  private readonly memory = CompiledMemory.ofThread()
  private readonly mark = this.memory.mark()
  private readonly own = new Set<Column>()
  private readonly free: Column[] = []
  private readonly numbers = this.memory.allot(4)

  constructor(rows: number) {
    this.rows = rows
    this.bytes = paddedBytes(rows)
  }

  get compiled(): CompiledKernels {
    return this.memory.kernels
  }

  lend(): Column {
    const free = this.free.pop()
    if (free !== undefined) return free
    const column = this.memory.allot(this.rows)
    this.own.add(column)
    return column
  }

  /** Once a loan; columns of others, such as the source's own, are left alone. */
  giveBack(...columns: readonly Column[]): void {
    for (const column of columns) if (this.own.has(column)) this.free.push(column)
  }

  /** The column itself where it is lent, else a copy that is. */
  hold(column: Column): Column {
    if (this.own.has(column)) return column
    const copy = this.lend()
    copy.set(column)
    return copy
  }

  /** A column of another length while the work lasts, which borrows nothing. */
  withScratch<T>(length: number, work: (scratch: Column) => T): T {
    const mark = this.memory.mark()
    try {
      return work(this.memory.allot(length))
    } finally {
      this.memory.release(mark)
    }
  }

  /** @throws RangeError for a column that is not held */
  addressOf(column: Column): number {
    return this.memory.addressOf(column)
  }

  /** @returns the address of a vector of the number, until the next one is placed in the slot */
  placeNumber(value: number, slot: 0 | 1): number {
    this.numbers[2 * slot] = value
    this.numbers[2 * slot + 1] = value
    return this.numbers.byteOffset + 16 * slot
  }

  /** Numbers to the nearest of float32, in place. */
  round(column: Column): void {
    this.compiled.round(this.addressOf(column), this.bytes)
  }

  /** Float32 values whose bytes depend on the numbers alone: the nearest ones, and one NaN. */
  writeFloat32(column: Column, out: Float32Array): void {
    this.written(out, (at) => this.compiled.narrow(this.addressOf(column), at, this.bytes))
  }

  /** `write` leaves float32 values at an address. */
  written(out: Float32Array, write: (at: number) => void): void {
    const narrow = this.lend()
    write(this.addressOf(narrow))
    out.set(new Float32Array(narrow.buffer, narrow.byteOffset, out.length))
    this.giveBack(narrow)
  }

  close(): void {
    this.memory.release(this.mark)
  }
}
