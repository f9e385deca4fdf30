/**
 * Where the steps of a plan begin. A step computes what later ones read of it, from the latest row on at which its kernel
 * may begin: at a multiple of its blocks (restart.ts), of bars where it leaves out rows without one; where it reads all
 * rows, at the first; and where it is recursive, at the latest row up to which its state is known.
 *
 * An expression may so hold several recursive steps, each of which goes on from another row: in `Mean(EMA($close,12),20)`
 * from one before the window, in `EMA(Mean($close,20),12)` from the row itself.
 */
import type { Input, Memory, Plan, Recursive, Step } from './plan.ts'
import { restartRow } from './restart.ts'

/** What is known of the rows before `row`: by the name of a recursive step its state. */
export type KnownStates = { row: number; states: ReadonlyMap<string, Float64Array> }

/** By step the row at which it begins; Infinity for one that nobody reads. `resumed` are states that steps go on from. */
export type Starts = { rows: number[]; resumed: Map<number, Float64Array> }

/** `known` ascends by row; `missing` tells which rows have no bar. Rows are counted from a symbol's first. */
export type Resumption = { known: readonly KnownStates[]; missing: 'none' | 'unknown' | BarRows }

/** Bars of rows, some of which have none: how many lie before a row, and the row of a bar; 0 where that is not known. */
export type BarRows = { before(row: number): number; rowOf(bar: number): number }

const fromFirst: Resumption = { known: [], missing: 'unknown' }

/** For answers from `first` on. */
export function startsOf({ steps, outputs }: Plan, first: number, { known, missing }: Resumption = fromFirst): Starts {
  const rows = steps.map(() => Infinity)
  const resumed = new Map<number, Float64Array>()
  for (const { step } of outputs) rows[step] = first
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!
    if (step.kind === 'kernel') {
      const { recursive, memory } = step
      const at = recursive && stateBefore(rows[index]!, recursive, known)
      if (at !== undefined) resumed.set(index, at.state)
      rows[index] = at?.row ?? restartOf(memory, rows[index]!, missing)
    }
    for (const input of inputsOf(step)) rows[input] = Math.min(rows[input]!, rows[index]!)
  }
  return { rows, resumed }
}

function stateBefore(
  row: number,
  { name, size }: Recursive,
  known: readonly KnownStates[],
): { row: number; state: Float64Array } | undefined {
  for (let index = known.length - 1; index >= 0; index--) {
    const each = known[index]!
    const state = each.row <= row ? each.states.get(name) : undefined
    if (state?.length === size) return { row: each.row, state }
  }
  return undefined
}

/** Windows that leave out missing rows are of bars, and so are their blocks. */
function restartOf(memory: Memory, row: number, missing: Resumption['missing']): number {
  if (memory === 'all rows') return 0
  const bounds = { every: memory.every, history: memory.back }
  if (memory.gapless !== true || missing === 'none') return restartRow(bounds, row)
  return missing === 'unknown' ? 0 : Math.min(row, missing.rowOf(restartRow(bounds, missing.before(row))))
}

/** The steps that a step reads. */
export const inputsOf = (step: Step): number[] => (step.kind === 'column' ? [] : step.inputs.flatMap(stepOf))

const stepOf = (input: Input): number[] => (typeof input === 'number' ? [] : [input.step])

/** A step whose state can be kept, by its place in the plan. */
export type RecursiveStep = Recursive & { step: number }

const recursiveIn = new WeakMap<Plan, RecursiveStep[]>()

/** In the order of the plan. */
export function recursiveSteps(plan: Plan): readonly RecursiveStep[] {
  const found =
    recursiveIn.get(plan) ??
    plan.steps.flatMap((each, step) => (each.kind === 'kernel' && each.recursive !== undefined ? [{ ...each.recursive, step }] : []))
  recursiveIn.set(plan, found)
  return found
}

/** The first row that is read. */
export const earliestOf = ({ rows }: Starts): number => rows.reduce((least, row) => Math.min(least, row), Infinity)

/** The same starts, with rows counted from another one on. */
export const countedFrom = ({ rows, resumed }: Starts, first: number): Starts => ({ rows: rows.map((row) => row - first), resumed })
