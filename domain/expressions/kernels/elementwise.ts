/**
 * Element-wise arithmetic as numpy does it on float32 and float64 columns. Where numpy works in float32, numbers and
 * answers are rounded to it; for + − × ÷ and √ of float32 operands that is float32 arithmetic exactly, for the others the
 * nearest float32 of the right answer. NaN propagates; a comparison with NaN is false, but != is true. Cost: one pass.
 */
import type { Column, Operand, Place, Precision } from '../operator.ts'
import { writeQuotient } from './float32.ts'

type Pair = (a: Column, b: Column, out: Column) => void
type Single = (a: Column, out: Column) => void

export const add: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! + b[row]!
}
export const subtract: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! - b[row]!
}
export const multiply: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! * b[row]!
}
export const divide: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! / b[row]!
}
export const greater: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.max(a[row]!, b[row]!)
}
export const less: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.min(a[row]!, b[row]!)
}
/** C's pow, which answers 1 for 1**NaN and (−1)**±∞ where JavaScript answers NaN. */
export const power: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) {
    const base = a[row]!
    const exponent = b[row]!
    out[row] = base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent
  }
}

export const gt: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! > b[row]! ? 1 : 0
}
export const ge: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! >= b[row]! ? 1 : 0
}
export const lt: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! < b[row]! ? 1 : 0
}
export const le: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! <= b[row]! ? 1 : 0
}
export const eq: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === b[row] ? 1 : 0
}
export const ne: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === b[row] ? 0 : 1
}
export const and: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! & b[row]!
}
export const or: Pair = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! | b[row]!
}

export const absolute: Single = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.abs(a[row]!)
}
/** Qlib casts to float32 first, where tiny numbers are 0. */
export const sign: Single = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.sign(Math.fround(a[row]!))
}
export const logarithm: Single = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.log(a[row]!)
}
export const not: Single = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === 0 ? 1 : 0
}

export function single(a: Column, place: Place, work: Single): Column {
  const out = place.workspace.lend()
  work(a, out)
  if (place.precision === 'float32') round(out)
  return out
}

export const pair = (a: Operand, b: Operand, place: Place, work: Pair): Column =>
  withColumns([a, b], place, ([left, right]) => {
    const out = place.workspace.lend()
    work(left!, right!, out)
    if (place.precision === 'float32') round(out)
    return out
  })

/** As `pair` of `divide`, written as float32: either precision gives the same numbers. */
export const divideInto = (a: Operand, b: Operand, place: Place, out: Float32Array): void =>
  withColumns([a, b], place, ([left, right]) => writeQuotient(left!, right!, out))

/** `numpy.where`: any condition but 0 is true, NaN too. */
export const choose = (condition: Column, yes: Operand, no: Operand, place: Place): Column =>
  withColumns([yes, no], place, ([left, right]) => {
    const out = place.workspace.lend()
    for (let row = 0; row < out.length; row++) out[row] = condition[row] === 0 ? right![row]! : left![row]!
    return out
  })

/** Numbers as columns, for as long as the work takes. */
function withColumns<T>(operands: readonly Operand[], { workspace, precision }: Place, work: (columns: readonly Column[]) => T): T {
  const columns = operands.map((operand) => (typeof operand === 'number' ? workspace.lend().fill(rounded(operand, precision)) : operand))
  const out = work(columns)
  workspace.giveBack(...columns.filter((_, index) => typeof operands[index] === 'number'))
  return out
}

const rounded = (value: number, precision: Precision) => (precision === 'float32' ? Math.fround(value) : value)

function round(column: Column): void {
  for (let row = 0; row < column.length; row++) column[row] = Math.fround(column[row]!)
}
