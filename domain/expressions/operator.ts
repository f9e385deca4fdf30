/** What an operator of the language is: its parameters, the rows that it reads, and its kernel. */
import type { Column, Workspace } from './workspace.ts'

export type Operand = Column | number

export type Precision = 'float32' | 'float64'

export type ValueType = Precision | 'condition' | 'number'

export type Parameter =
  /** a column of numbers */
  | { kind: 'series' }
  /** a column of numbers or a condition (counted as 1 and 0) */
  | { kind: 'values' }
  | { kind: 'condition' }
  /** a column, a condition or a number */
  | { kind: 'operand' }
  /** a number written in the expression, from `least` to `most` and not `except` */
  | { kind: 'setting'; name: string; whole: boolean; least: number; most: number; except?: number }

/** Rows that a value at row 0 reads, `from` ≤ `to`; a recursive operator reads back without bound from its warm-up on. */
export type Rows = { from: number; to: number; recursive?: true }

/** Where a kernel works: memory to borrow, and the precision that its answer has. */
export type Place = { workspace: Workspace; precision: Precision }

/**
 * One computation over whole columns; it may answer several lines at once (MACD, its signal, its histogram), each in a
 * column of its own, which is the workspace's or new, never an operand.
 */
export type Kernel = {
  name: string
  /** of a recursive one */
  stream?: Stream
  compute(operands: readonly Operand[], settings: readonly number[], place: Place): Column[]
  /** The one line of `compute` as `writeFloat32` writes it, without a column between. */
  write?(operands: readonly Operand[], place: Place, out: Float32Array): void
}

/**
 * A recursive kernel piece by piece, with the same bits as all at once. `start` gives the state before the first row: plain
 * data, always of as many numbers. `advance` writes the next rows of every line and moves the state past them.
 */
export type Stream = {
  lines: number
  start(settings: readonly number[]): object
  advance(state: object, operands: readonly Operand[], lines: readonly Column[]): void
}

/** Works on the columns of one symbol. */
export type SymbolOperator = {
  parameters: readonly Parameter[]
  answers: 'series' | 'condition' | 'either branch'
  kernel: Kernel
  line: number
  rows(settings: readonly number[]): Rows
  /** an infinity makes every later answer NaN, so that an operand which may be infinite is read back without bound */
  poisoned?: true
  /** rows that are missing are left out of windows, so that an operand which may have gaps is read back without bound */
  skipsGaps?: true
  /** lengths of the blocks that windows are joined from: a computation that begins at a multiple of each gives the same bits */
  blocks?(settings: readonly number[]): readonly number[]
  /** operands are evaluated in float64 throughout, as TA-Lib's are */
  exact: boolean
  /** of the arithmetic, by the types of the operands; float64 when absent */
  precision?(operands: readonly ValueType[]): Precision
  /**
   * Calls over the same operands and first setting are computed together, one line for each second setting: this one, or
   * the second that is written in the call.
   */
  gathered?: 'by second setting' | { as: number }
}

/**
 * Works on the values that all symbols have at one session, in the order of the symbols, each in float32; a missing one is
 * NaN. Answers as many. Its operand is computed by itself before, and what stands above it reads a column of float32.
 */
export type CrossSection = {
  parameters: readonly [{ kind: 'series' }]
  answers: 'series'
  rows(): Rows
  exact: false
  across(values: Float64Array): Float64Array
}

export type Operator = SymbolOperator | CrossSection

export const thisRow = (): Rows => ({ from: 0, to: 0 })

/** numpy's: float64 as soon as one column is, else float32 if one is; a condition or a number takes the other's. */
export function promoted(operands: readonly ValueType[]): Precision {
  if (operands.includes('float64')) return 'float64'
  return operands.includes('float32') ? 'float32' : 'float64'
}

/** A window in rows. */
export const windowOf = (least: number): Parameter => ({ kind: 'setting', name: 'window', whole: true, least, most: 100_000 })
