/**
 * A column is the address of its first row; rows are float64. Memory behind a column reaches to the next 64 bytes, so that
 * loops over whole vectors may pass its end.
 */

export function at(column: usize, row: i32): f64 {
  return load<f64>(column + ((<usize>row) << 3))
}

export function put(column: usize, row: i32, value: f64): void {
  store<f64>(column + ((<usize>row) << 3), value)
}

/** A number less itself is 0, anything else less itself NaN. */
export function isFinite(value: f64): bool {
  return value - value === 0
}
