/** Computes columns, one symbol after the other: in a thread of the pool, or where it is called. */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { parse } from '#domain/expressions/parse.ts'
import type { Plan } from '#domain/expressions/plan.ts'
import type { Starts } from '#domain/expressions/starts.ts'
import { type GivenColumns, planColumns, runPlan } from '#domain/features/compute-features.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { adjustBars, type EarlierRow } from '#domain/market/factors.ts'
import { RecentlyUsed } from '#domain/recently-used.ts'

/** Rows `from` up to, not including, `to`. */
export type RowRange = { from: number; to: number }

/** Columns of the rows that are kept, computed over those that are read; with `recursion`, by steps that go on from states. */
export type Run = { expressions: string[]; read: RowRange; keep: RowRange; recursion?: RunRecursion | undefined }

/** Rows are counted from the first that is read. Before each of `ends` states are taken, of `numbers` numbers together. */
export type RunRecursion = { starts: Starts; ends: number[]; numbers: number }

/** Of one task after another the columns of each run, in the order of its expressions, and its states, in that of its ends. */
export type Computed = { cells: Float32Array; states: Float64Array }

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

const numbersOf = (runs: readonly Run[]) => runs.reduce((sum, { recursion }) => sum + (recursion?.numbers ?? 0), 0)

/** In a thread: the memory of the answer is handed over, not copied. */
export const computeSymbols = (tasks: readonly ColumnTask[]) => move(handover(computeCells(tasks)))

const handover = (computed: Computed) => ({
  [transferableSymbol]: [computed.cells.buffer, computed.states.buffer],
  [valueSymbol]: computed,
})

export function computeCells(tasks: readonly ColumnTask[]): Computed {
  const out = new Float32Array(tasks.reduce((sum, { runs }) => sum + cellsOf(runs), 0))
  const states = new Float64Array(tasks.reduce((sum, { runs }) => sum + numbersOf(runs), 0))
  let at = 0
  let stateAt = 0
  for (const { bars, actions, earlier, runs, given } of tasks) {
    const adjusted = adjustBars(bars, actions, earlier)
    for (const { expressions, read, keep, recursion } of runs) {
      const cells = expressions.length * (keep.to - keep.from)
      const place = out.subarray(at, at + cells)
      at += cells
      const rows = sliceBars(adjusted, read.from, read.to)
      const crossed = new Map([...(given ?? [])].map(([text, values]) => [text, values.subarray(read.from, read.to)]))
      const first = keep.from - read.from
      const kept = recursion && { ...recursion, states: states.subarray(stateAt, (stateAt += recursion.numbers)) }
      if (read.to === keep.to) runPlan(planOf(expressions), rows, columnsOf(place, expressions.length), crossed, first, kept)
      else {
        const columns = scratch(expressions.length, read.to - keep.from)
        runPlan(planOf(expressions), rows, columns, crossed, first, kept)
        copyRows(columns, keep.to - keep.from, place)
      }
    }
  }
  return { cells: out, states }
}

/** By task and run one column an expression, and the states before each end, one after the other. */
export type ComputedRuns = { columns: Float32Array[][][]; states: Float64Array[][] }

/** What `computeCells` answers, by task and run. */
export function runsOfCells(tasks: readonly ColumnTask[], { cells, states }: Computed): ComputedRuns {
  let at = 0
  let stateAt = 0
  return {
    columns: tasks.map(({ runs }) =>
      runs.map(({ expressions, keep }) => expressions.map(() => cells.subarray(at, (at += keep.to - keep.from)))),
    ),
    states: tasks.map(({ runs }) => runs.map(({ recursion }) => states.subarray(stateAt, (stateAt += recursion?.numbers ?? 0)))),
  }
}

/** Columns of equal length that lie one behind the other. */
function columnsOf(cells: Float32Array, count: number): Float32Array[] {
  const rows = cells.length / count
  return Array.from({ length: count }, (_, index) => cells.subarray(index * rows, (index + 1) * rows))
}

/** Memory for columns of which not all rows are kept: most symbols have as many rows as the one before. */
let lent: { rows: number; columns: Float32Array[] } = { rows: 0, columns: [] }

function scratch(count: number, rows: number): Float32Array[] {
  if (lent.rows !== rows || lent.columns.length !== count) lent = { rows, columns: columnsOf(new Float32Array(count * rows), count) }
  return lent.columns
}

/** The first rows of each column, one column behind the other. */
function copyRows(columns: readonly Float32Array[], count: number, out: Float32Array): void {
  for (const [index, column] of columns.entries()) out.set(column.subarray(0, count), index * count)
}

/** One symbol after another asks for the same few sets of columns. */
const plans = new RecentlyUsed<Plan>(16)

const planOf = (expressions: readonly string[]): Plan => plans.of(JSON.stringify(expressions), () => planColumns(expressions.map(parse)))
