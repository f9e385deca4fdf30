/** Computes columns, one symbol after the other: in a thread of the pool, or where it is called. */
import { move, transferableSymbol, valueSymbol } from 'piscina'
import { type GivenColumns, runPlan } from '#domain/features/compute-features.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { adjustBars, type EarlierRow } from '#domain/market/factors.ts'
import { cellsOf, columnsOf, copyRows, planOf, type Run, scratch } from './runs.ts'
import { computeStackCells, type Stack } from './symbol-stacks.ts'

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

const numbersOf = (runs: readonly Run[]) => runs.reduce((sum, { recursion }) => sum + (recursion?.numbers ?? 0), 0)

/** In a thread: the memory of the answer is handed over, not copied. */
export const computeSymbols = (tasks: readonly ColumnTask[]) => move(handover(computeCells(tasks)))

const handover = (computed: Computed) => ({
  [transferableSymbol]: [computed.cells.buffer, computed.states.buffer],
  [valueSymbol]: computed,
})

/** In a thread. */
export const computeStack = (stack: Stack) => move(computeStackCells(stack)) as Float32Array

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
        const moves = [{ from: 0, at: 0, count: keep.to - keep.from }]
        for (const [index, column] of columnsOf(place, expressions.length).entries()) copyRows(columns[index]!, column, moves)
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
