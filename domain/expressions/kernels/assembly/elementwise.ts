/**
 * See ../elementwise.ts. Two rows a turn. An operand is an address and a mask of its offsets: all ones for a column, 0 for
 * a number, which stands twice at its address. `single` rounds answers to float32.
 */

function operand(address: usize, offset: usize, mask: usize): v128 {
  return v128.load(address + (offset & mask))
}

function write(address: usize, value: v128, single: bool): void {
  v128.store(address, single ? f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(value)) : value)
}

/** 1 where the bits are set, else 0. */
function truth(bits: v128): v128 {
  return v128.and(bits, f64x2.splat(1))
}

export function add(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.add(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function subtract(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.sub(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function multiply(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.mul(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function divide(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.div(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function greater(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.max(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function less(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize, single: bool): void {
  for (let row: usize = 0; row < bytes; row += 16) write(out + row, f64x2.min(operand(a, row, maskA), operand(b, row, maskB)), single)
}

export function gt(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.gt(operand(a, row, maskA), operand(b, row, maskB))))
}

export function ge(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.ge(operand(a, row, maskA), operand(b, row, maskB))))
}

export function lt(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.lt(operand(a, row, maskA), operand(b, row, maskB))))
}

export function le(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.le(operand(a, row, maskA), operand(b, row, maskB))))
}

export function eq(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.eq(operand(a, row, maskA), operand(b, row, maskB))))
}

export function ne(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, truth(f64x2.ne(operand(a, row, maskA), operand(b, row, maskB))))
}

export function absolute(a: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) v128.store(out + row, f64x2.abs(v128.load(a + row)))
}

/** In place. */
export function round(column: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 16) write(column + row, v128.load(column + row), true)
}
