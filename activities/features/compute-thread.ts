/** Runs in a thread of the pool: computes columns, one symbol after the other. */
import { move } from 'piscina'
import { parse } from '#domain/expressions/parse.ts'
import type { Plan } from '#domain/expressions/plan.ts'
import { type GivenColumns, planColumns, runPlan } from '#domain/features/compute-features.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { adjustBars, type EarlierRow } from '#domain/market/factors.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Rows `from` up to, not including, `to`. */
export type RowRange = { from: number; to: number }

/** Columns of the rows that are kept, computed over those that are read. */
export type Run = { expressions: string[]; read: RowRange; keep: RowRange }

/** `given` are the cross-sections that expressions read, one value a bar. */
export type ColumnTask = {
  bars: BarColumns
  actions: CorporateAction[]
  earlier: EarlierRow | undefined
  runs: Run[]
  given?: GivenColumns | undefined
}

export const cellsOf = (runs: readonly Run[]) =>
  runs.reduce((sum, { expressions, keep }) => sum + expressions.length * (keep.to - keep.from), 0)

/** Of one task after another the columns of each run, in the order of its expressions; their memory is handed over, not copied. */
export function computeSymbols(tasks: readonly ColumnTask[]): Float32Array {
  const out = new Float32Array(tasks.reduce((sum, { runs }) => sum + cellsOf(runs), 0))
  let at = 0
  for (const { bars, actions, earlier, runs, given } of tasks) {
    const adjusted = adjustBars(bars, actions, earlier)
    for (const { expressions, read, keep } of runs) {
      const kept = keep.to - keep.from
      const start = at
      const places = expressions.map((_, index) => out.subarray(start + index * kept, start + (index + 1) * kept))
      at += kept * expressions.length
      const all = read.from === keep.from && read.to === keep.to
      const columns = all ? places : expressions.map(() => new Float32Array(read.to - read.from))
      const rows = new Map([...(given ?? [])].map(([text, values]) => [text, values.subarray(read.from, read.to)]))
      runPlan(planOf(expressions), sliceBars(adjusted, read.from, read.to), columns, rows)
      if (!all) places.forEach((place, index) => place.set(columns[index]!.subarray(keep.from - read.from, keep.to - read.from)))
    }
  }
  return move(out) as Float32Array
}

/** One symbol after another asks for the same few sets of columns. */
const plans = new RecentlyUsed<Plan>(16)

const planOf = (expressions: readonly string[]): Plan => plans.of(JSON.stringify(expressions), () => planColumns(expressions.map(parse)))
