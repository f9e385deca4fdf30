/**
 * Does a feature's past change when its future is cut off? A column that was computed over a whole history must hold the
 * same bits, row by row, as one computed over the history up to a cut (and the corporate actions up to it). One cell that
 * differs is proof that the feature reads ahead; none that does is evidence as strong as the cuts are many.
 */
import type { CorporateAction } from '../market/actions.ts'
import { type BarColumns, copyBars } from '../market/bars.ts'
import type { WholeNumbers } from '../monitoring/random.ts'

/** Rows that are kept of a history, ascending and each once: some but not all of it. */
export function drawCuts(rows: number, count: number, draw: WholeNumbers): number[] {
  if (rows < 2) return []
  return [...new Set(Array.from({ length: count }, () => 1 + draw(rows - 1)))].sort((a, b) => a - b)
}

/** What was there to be known on the last session that is kept. */
export function truncated(
  bars: BarColumns,
  actions: readonly CorporateAction[],
  rows: number,
): { bars: BarColumns; actions: CorporateAction[] } {
  const last = bars.sessions[rows - 1]!
  return { bars: copyBars(bars, 0, rows), actions: actions.filter(({ exDate }) => exDate <= last) }
}

export type ChangedPast = { cells: number; first: { row: number; whole: number; cut: number } }

/** Where the past of a column differs once it is cut; undefined when it does not. */
export function changedPast(whole: Float32Array, cut: Float32Array): ChangedPast | undefined {
  let cells = 0
  let first: ChangedPast['first'] | undefined
  for (let row = 0; row < cut.length; row++) {
    if (Object.is(whole[row], cut[row])) continue
    cells++
    first ??= { row, whole: whole[row]!, cut: cut[row]! }
  }
  return first === undefined ? undefined : { cells, first }
}
