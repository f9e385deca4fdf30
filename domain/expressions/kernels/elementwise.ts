/**
 * Element-wise arithmetic as numpy does it on float32 and float64 columns: the answer is float64 as soon as one operand
 * is, else float32 with each step rounded; a number written in the expression takes the other operand's type. The loops
 * work in float64 and round once on storing, which for + − × ÷ of float32 operands is float32 arithmetic exactly.
 * NaN propagates; a comparison with NaN is false, but != is true. Cost: one pass.
 */
import type { Column, Operand } from '../operator.ts'

type Floats = Float32Array | Float64Array
type Binary = (a: Column, b: Column, out: Floats) => void
type Comparison = (a: Column, b: Column, out: Uint8Array) => void
type Unary = (a: Column, out: Floats) => void

export const add: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! + b[row]!
}
export const subtract: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! - b[row]!
}
export const multiply: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! * b[row]!
}
export const divide: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! / b[row]!
}
export const greater: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.max(a[row]!, b[row]!)
}
export const less: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.min(a[row]!, b[row]!)
}
/** C's pow, which answers 1 for 1**NaN and (−1)**±∞ where JavaScript answers NaN. */
export const power: Binary = (a, b, out) => {
  for (let row = 0; row < out.length; row++) {
    const base = a[row]!
    const exponent = b[row]!
    out[row] = base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent
  }
}

export const gt: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! > b[row]! ? 1 : 0
}
export const ge: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! >= b[row]! ? 1 : 0
}
export const lt: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! < b[row]! ? 1 : 0
}
export const le: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! <= b[row]! ? 1 : 0
}
export const eq: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === b[row] ? 1 : 0
}
export const ne: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row] === b[row] ? 0 : 1
}
export const and: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! & b[row]!
}
export const or: Comparison = (a, b, out) => {
  for (let row = 0; row < out.length; row++) out[row] = a[row]! | b[row]!
}

export const absolute: Unary = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.abs(a[row]!)
}
export const sign: Unary = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.sign(a[row]!)
}
export const logarithm: Unary = (a, out) => {
  for (let row = 0; row < out.length; row++) out[row] = Math.log(a[row]!)
}
export const not = (a: Column): Uint8Array => {
  const out = new Uint8Array(a.length)
  for (let row = 0; row < out.length; row++) out[row] = a[row] === 0 ? 1 : 0
  return out
}

/** `numpy.where`: any condition but 0 is true, NaN too. */
export function choose(condition: Column, yes: Operand, no: Operand): Column {
  const rows = condition.length
  const out = isCondition(yes) && isCondition(no) ? new Uint8Array(rows) : floats(promoted(yes, no), rows)
  const [left, right] = [broadcast(yes, out, rows), broadcast(no, out, rows)]
  for (let row = 0; row < rows; row++) out[row] = condition[row] === 0 ? right[row]! : left[row]!
  return out
}

export function binary(a: Operand, b: Operand, work: Binary): Floats {
  const rows = rowsOf(a, b)
  const out = floats(promoted(a, b), rows)
  work(broadcast(a, out, rows), broadcast(b, out, rows), out)
  return out
}

export function compare(a: Operand, b: Operand, work: Comparison): Uint8Array {
  const rows = rowsOf(a, b)
  const like = floats(promoted(a, b), 0)
  const out = new Uint8Array(rows)
  work(broadcast(a, like, rows), broadcast(b, like, rows), out)
  return out
}

export function unary(a: Column, work: Unary): Floats {
  const out = floats(promoted(a, a), a.length)
  work(a, out)
  return out
}

/** float32 when a float32 column meets a float32 column, a condition or a number; float64 otherwise. */
function promoted(a: Operand, b: Operand): 'float32' | 'float64' {
  if (a instanceof Float64Array || b instanceof Float64Array) return 'float64'
  return a instanceof Float32Array || b instanceof Float32Array ? 'float32' : 'float64'
}

const floats = (type: 'float32' | 'float64', rows: number): Floats => (type === 'float32' ? new Float32Array(rows) : new Float64Array(rows))

function broadcast(operand: Operand, like: Column, rows: number): Column {
  if (typeof operand !== 'number') return operand
  return (like instanceof Float32Array ? new Float32Array(rows) : new Float64Array(rows)).fill(operand)
}

const rowsOf = (a: Operand, b: Operand) => (typeof a === 'number' ? (b as Column).length : a.length)

const isCondition = (operand: Operand) => operand instanceof Uint8Array
