/** Moving a column in time, in its own type. Rows that come from beyond its ends are NaN. */
import type { Column } from '../operator.ts'

/** The value `rows` earlier (later when negative): pandas' `shift`. */
export function shift(values: Column, rows: number): Column {
  const out = emptyLike(values).fill(NaN)
  if (rows >= 0) out.set(values.subarray(0, Math.max(0, values.length - rows)), Math.min(rows, values.length))
  else out.set(values.subarray(Math.min(-rows, values.length)))
  return out
}

/** The change over `rows`, rounded to the column's own type as pandas' subtraction is. */
export function delta(values: Column, rows: number): Column {
  const out = emptyLike(values).fill(NaN)
  for (let row = rows; row < out.length; row++) out[row] = values[row]! - values[row - rows]!
  return out
}

const emptyLike = (values: Column) => (values instanceof Float32Array ? new Float32Array(values.length) : new Float64Array(values.length))
