/**
 * Float32 columns whose bytes depend on their values alone: numbers are rounded to the nearest, every NaN is the same NaN.
 * Four rows a turn, as in indicators. Cost: one pass.
 */
import type { Column } from '../operator.ts'

const theNaN = 0x7fc00000

export function writeFloat32(column: Column, out: Float32Array): void {
  const bits = bitsOf(out)
  const last = out.length - 3
  let row = 0
  for (; row < last; row += 4) {
    const a = column[row]!
    const b = column[row + 1]!
    const c = column[row + 2]!
    const d = column[row + 3]!
    out[row] = a
    out[row + 1] = b
    out[row + 2] = c
    out[row + 3] = d
    if (a !== a || b !== b || c !== c || d !== d) unifyNaN(out, bits, row, row + 4)
  }
  for (; row < out.length; row++) out[row] = column[row]!
  unifyNaN(out, bits, last, out.length)
}

/** The quotients of two columns. */
export function writeQuotient(dividend: Column, divisor: Column, out: Float32Array): void {
  const bits = bitsOf(out)
  const last = out.length - 3
  let row = 0
  for (; row < last; row += 4) {
    const a = dividend[row]! / divisor[row]!
    const b = dividend[row + 1]! / divisor[row + 1]!
    const c = dividend[row + 2]! / divisor[row + 2]!
    const d = dividend[row + 3]! / divisor[row + 3]!
    out[row] = a
    out[row + 1] = b
    out[row + 2] = c
    out[row + 3] = d
    if (a !== a || b !== b || c !== c || d !== d) unifyNaN(out, bits, row, row + 4)
  }
  for (; row < out.length; row++) out[row] = dividend[row]! / divisor[row]!
  unifyNaN(out, bits, last, out.length)
}

const bitsOf = (column: Float32Array) => new Uint32Array(column.buffer, column.byteOffset, column.length)

function unifyNaN(column: Float32Array, bits: Uint32Array, from: number, to: number): void {
  for (let row = Math.max(0, from); row < to; row++) if (column[row] !== column[row]) bits[row] = theNaN
}
