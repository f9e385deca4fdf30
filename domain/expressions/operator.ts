/** What an operator of the language is: its parameters, the rows that it reads, and its kernel. */

/** float32 and float64 are numbers; Uint8 is a condition, 1 for true. */
export type Column = Float32Array | Float64Array | Uint8Array

export type Operand = Column | number

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

/** One computation over whole columns; it may answer several lines at once (MACD, its signal, its histogram). */
export type Kernel = { name: string; compute(operands: readonly Operand[], settings: readonly number[]): Column[] }

export type Operator = {
  parameters: readonly Parameter[]
  answers: 'series' | 'condition' | 'either branch'
  kernel: Kernel
  line: number
  rows(settings: readonly number[]): Rows
  /** operands are evaluated in float64 throughout, as TA-Lib's are */
  exact: boolean
}

export const thisRow = (): Rows => ({ from: 0, to: 0 })

/** A window in rows. */
export const windowOf = (least: number): Parameter => ({ kind: 'setting', name: 'window', whole: true, least, most: 100_000 })
