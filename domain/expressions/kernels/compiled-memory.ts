/**
 * Memory that compiled kernels read and write. Each thread has one, with its own instance of the kernels; it grows to what
 * the largest evaluation needs, and stays. It is shared memory, for that may grow while columns lie in it.
 */
import { compiledKernels } from './compiled.ts'

type Address = number

/** Of operands that are numbers the mask is 0, of columns −1. */
export type PairKernel = (a: Address, maskA: number, b: Address, maskB: number, out: Address, bytes: number, single: boolean) => void

type InBlocks = [values: Address, rows: number, window: number, tails: Address, out: Address]

/** assembly/ says what each does. */
export type CompiledKernels = {
  [
    name in 'add' | 'subtract' | 'multiply' | 'divide' | 'greater' | 'less' | 'gt' | 'ge' | 'lt' | 'le' | 'eq' | 'ne' | 'narrowQuotient'
  ]: PairKernel
} & {
  absolute(a: Address, out: Address, bytes: number): void
  round(column: Address, bytes: number): void
  narrow(column: Address, out: Address, bytes: number): void
  rollingSum(...of: InBlocks): void
  rollingMean(...of: InBlocks): void
  rollingVariance(...of: [...InBlocks, root: boolean]): void
  rollingExtreme(...of: [...InBlocks, side: number]): void
  rollingPlace(...of: [...InBlocks, side: number]): void
  rollingCoMoment(x: Address, y: Address, rows: number, window: number, tails: Address, out: Address, correlation: boolean): number
  rollingRegression(...of: [...InBlocks, shares: Address, residuals: Address]): void
  rollingOrder(values: Address, rows: number, window: number, sorted: Address, count: number, lines: Address): void
}

/** The part of the standard interface that is used here; it is not among the types of es2023. */
declare const WebAssembly: {
  Memory: new (size: { initial: number; maximum: number; shared: true }) => { buffer: SharedArrayBuffer; grow(pages: number): number }
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object, imports: Record<string, Record<string, unknown>>) => { exports: unknown }
}

const page = 2 ** 16

/** 4 GiB, all that an address reaches. */
const mostPages = 2 ** 16

const line = 64

export class CompiledMemory {
  readonly kernels: CompiledKernels
  private readonly memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages, shared: true })
  private readonly buffers = new Set<ArrayBufferLike>([this.memory.buffer])
  /** 0 is no address. */
  private top = line

  private static known: CompiledMemory | undefined

  static ofThread(): CompiledMemory {
    return (this.known ??= new CompiledMemory())
  }

  private constructor() {
    const module = new WebAssembly.Module(Buffer.from(compiledKernels, 'base64'))
    this.kernels = new WebAssembly.Instance(module, { env: { memory: this.memory } }).exports as CompiledKernels
  }

  /** What a workspace allots is released to its mark, the newest workspace first. */
  mark(): number {
    return this.top
  }

  release(mark: number): void {
    this.top = mark
  }

  /** @throws RangeError beyond 4 GiB */
  allot(rows: number): Float64Array {
    const from = this.top
    this.top += paddedBytes(rows)
    // a vector past the end of the last column's later rows
    const end = this.top + line
    if (end > this.memory.buffer.byteLength) {
      this.memory.grow(Math.ceil((end - this.memory.buffer.byteLength) / page))
      this.buffers.add(this.memory.buffer)
    }
    return new Float64Array(this.memory.buffer, from, rows)
  }

  /** @throws RangeError for a column that lies elsewhere */
  addressOf(column: Float64Array): Address {
    if (!this.buffers.has(column.buffer)) throw new RangeError('a compiled kernel reads columns of its workspace alone')
    return column.byteOffset
  }
}

/** Of a column with what lies behind it: compiled loops run over whole vectors. */
export const paddedBytes = (rows: number): number => Math.ceil((rows * 8) / line) * line
