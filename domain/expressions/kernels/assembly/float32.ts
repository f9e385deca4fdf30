/**
 * Float32 columns whose bytes depend on their values alone: numbers are rounded to the nearest, every NaN is the same NaN.
 * Four rows a turn.
 */

/** Two pairs of rows as four. */
function write(address: usize, first: v128, second: v128): void {
  const rows = v128.shuffle<i32>(f32x4.demote_f64x2_zero(first), f32x4.demote_f64x2_zero(second), 0, 1, 4, 5)
  v128.store(address, v128.bitselect(rows, i32x4.splat(0x7fc00000), f32x4.eq(rows, rows)))
}

export function narrow(column: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 32) write(out + (row >> 1), v128.load(column + row), v128.load(column + row, 16))
}

/** Of two operands as in elementwise.ts. */
export function narrowQuotient(a: usize, maskA: usize, b: usize, maskB: usize, out: usize, bytes: usize): void {
  for (let row: usize = 0; row < bytes; row += 32) {
    const first = f64x2.div(v128.load(a + (row & maskA)), v128.load(b + (row & maskB)))
    const second = f64x2.div(v128.load(a + ((row + 16) & maskA)), v128.load(b + ((row + 16) & maskB)))
    write(out + (row >> 1), first, second)
  }
}
