/** Moving a column in time. Rows that come from beyond its ends are NaN. Cost: one pass. */
import type { Column, Workspace } from '../workspace.ts'

/** The value `rows` earlier (later when negative): pandas' `shift`. */
export function shift(values: Column, rows: number, workspace: Workspace): Column {
  const out = workspace.lend()
  const gap = Math.min(Math.abs(rows), out.length)
  if (rows >= 0) {
    out.fill(NaN, 0, gap)
    out.set(values.subarray(0, out.length - gap), gap)
  } else {
    out.set(values.subarray(gap))
    out.fill(NaN, out.length - gap)
  }
  return out
}

/** The change over `rows`. */
export function delta(values: Column, rows: number, workspace: Workspace): Column {
  const out = workspace.lend()
  out.fill(NaN, 0, Math.min(rows, out.length))
  for (let row = rows; row < out.length; row++) out[row] = values[row]! - values[row - rows]!
  return out
}
