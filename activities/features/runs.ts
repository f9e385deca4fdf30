/** Computations over rows of one symbol. */
import { parse } from '#domain/expressions/parse.ts'
import type { Plan } from '#domain/expressions/plan.ts'
import type { Starts } from '#domain/expressions/starts.ts'
import { planColumns } from '#domain/features/compute-features.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Rows `from` up to, not including, `to`. */
export type RowRange = { from: number; to: number }

/**
 * Columns of the rows that are kept, computed over those that are read; with `recursion`, by steps that go on from states.
 * Where the rows that are read begin at one before which anything may lie, `every` says of what that row is a multiple.
 */
export type Run = {
  expressions: string[]
  read: RowRange
  keep: RowRange
  recursion?: RunRecursion | undefined
  every?: number | undefined
}

/** Rows are counted from the first that is read. Before each of `ends` states are taken, of `numbers` numbers together. */
export type RunRecursion = { starts: Starts; ends: number[]; numbers: number }

export const cellsOf = (runs: readonly Run[]) =>
  runs.reduce((sum, { expressions, keep }) => sum + expressions.length * (keep.to - keep.from), 0)

/** One symbol after another asks for the same few sets of columns, mostly by one and the same list. */
const plans = new RecentlyUsed<Plan>(16)
const planned = new WeakMap<readonly string[], Plan>()

export function planOf(expressions: readonly string[]): Plan {
  const known = planned.get(expressions)
  if (known !== undefined) return known
  const plan = plans.of(JSON.stringify(expressions), () => planColumns(expressions.map(parse)))
  planned.set(expressions, plan)
  return plan
}

/** `count` rows that stand at `from` in one column, and at `at` in another. */
export type Move = { from: number; at: number; count: number }

/** Few rows are copied faster one by one than by a view of them. */
const fewRows = 32

/** To be called column by column, for the rows of many symbols lie near each other. */
export function copyRows(source: Float32Array, target: Float32Array, moves: readonly Move[]): void {
  for (const { from, at, count } of moves)
    if (count > fewRows) target.set(source.subarray(from, from + count), at)
    else for (let row = 0; row < count; row++) target[at + row] = source[from + row]!
}

/** Columns of equal length that lie one behind the other. */
export function columnsOf(cells: Float32Array, count: number): Float32Array[] {
  const rows = cells.length / count
  return Array.from({ length: count }, (_, index) => cells.subarray(index * rows, (index + 1) * rows))
}

/** Memory for columns of which not all rows are kept: most symbols have as many rows as the one before. */
let lent: { rows: number; columns: Float32Array[] } = { rows: 0, columns: [] }

/** Columns whose content nobody needs any more when the next are asked for. */
export function scratch(count: number, rows: number): Float32Array[] {
  if (lent.rows !== rows || lent.columns.length !== count) lent = { rows, columns: columnsOf(new Float32Array(count * rows), count) }
  return lent.columns
}
