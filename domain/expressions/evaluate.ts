import type { Input, Memory, Plan, Step } from './plan.ts'
import { restartRow } from './restart.ts'
import { type Column, Workspace } from './workspace.ts'

type Source = Readonly<Record<string, Float64Array>>

/**
 * Runs a plan over columns of equal length, in rows ascending by time. Answers one float32 column an expression.
 * @throws RangeError when a column that the plan reads is not given
 */
export function evaluate(plan: Plan, source: Source): Float32Array[] {
  const rows = Object.values(source)[0]?.length ?? 0
  const answers = plan.outputs.map(() => new Float32Array(rows))
  evaluateInto(plan, source, answers)
  return answers
}

/**
 * As `evaluate`, into columns that are there, of the rows from `first` on. A step computes what later ones read of it, from
 * the latest row on at which it may begin (restart.ts); the first row given is one at which every expression may. What it
 * computed is let go after its last use.
 */
export function evaluateInto(plan: Plan, source: Source, answers: readonly Float32Array[], first = 0): void {
  const workspaces = new Workspaces(Object.values(source)[0]?.length ?? 0)
  try {
    run(plan, source, answers, first, workspaces)
  } finally {
    workspaces.close()
  }
}

function run(plan: Plan, source: Source, answers: readonly Float32Array[], first: number, workspaces: Workspaces): void {
  const { answersOf, lastUsed } = scheduleOf(plan)
  const starts = startsOf(plan, first)
  const results: Result[] = []
  let start = 0
  const read = (input: Input) => (typeof input === 'number' ? input : rowsFrom(results[input.step]!, input.line, start))
  for (const [index, step] of plan.steps.entries()) {
    const asked = answersOf[index]!
    start = starts[index]!
    const workspace = workspaces.from(start)
    const place = { workspace, precision: step.precision }
    const alone = start === first && asked.length === 1 && lastUsed[index]!.includes(index)
    if (alone && step.kind === 'kernel' && step.kernel.write !== undefined) {
      step.kernel.write(step.inputs.map(read), place, answers[asked[0]!.answer]!)
      results[index] = { start, lines: [], workspace, views: [] }
    } else {
      const computed =
        step.kind === 'column' ? [leaf(step, source, start)] : step.kernel.compute(step.inputs.map(read), step.settings, place)
      const lines = computed.map((column) => workspace.hold(column))
      if (step.kind === 'column' && step.precision === 'float32') workspace.round(lines[0]!)
      const result: Result = { start, lines, workspace, views: [] }
      results[index] = result
      for (const { line, answer } of asked) workspaces.from(first).writeFloat32(rowsFrom(result, line, first), answers[answer]!)
    }
    for (const used of lastUsed[index]!) {
      const { lines, workspace: lender } = results[used]!
      lender.giveBack(...lines)
    }
  }
}

/** By the row at which their columns begin. */
class Workspaces {
  private readonly rows: number
  private readonly opened = new Map<number, Workspace>()

  constructor(rows: number) {
    this.rows = rows
  }

  from(start: number): Workspace {
    const known = this.opened.get(start)
    if (known !== undefined) return known
    const workspace = new Workspace(this.rows - start)
    this.opened.set(start, workspace)
    return workspace
  }

  close(): void {
    for (const workspace of [...this.opened.values()].toReversed()) workspace.close()
  }
}

/** The lines of a step, whose rows begin at `start`, and views on later ones of them that were asked for. */
type Result = { start: number; lines: Column[]; workspace: Workspace; views: { line: number; from: number; column: Column }[] }

function rowsFrom({ start, lines, views }: Result, line: number, from: number): Column {
  const column = lines[line]!
  if (from === start) return column
  for (const view of views) if (view.line === line && view.from === from) return view.column
  const later = new Float64Array(
    column.buffer,
    column.byteOffset + (from - start) * column.BYTES_PER_ELEMENT,
    column.length - (from - start),
  )
  views.push({ line, from, column: later })
  return later
}

/** By step: the answers that it gives, and the steps whose results nobody needs after it. */
type Schedule = { answersOf: { line: number; answer: number }[][]; lastUsed: number[][] }

/** One plan runs over many symbols. */
const schedules = new WeakMap<Plan, Schedule>()

function scheduleOf(plan: Plan): Schedule {
  const known = schedules.get(plan)
  if (known !== undefined) return known
  const { steps, outputs } = plan
  const schedule: Schedule = { answersOf: steps.map(() => []), lastUsed: steps.map(() => []) }
  for (const [answer, { step, line }] of outputs.entries()) schedule.answersOf[step]!.push({ line, answer })
  const last = steps.map((_, index) => index)
  for (const [index, step] of steps.entries()) for (const used of inputsOf(step)) last[used] = index
  for (const [used, index] of last.entries()) schedule.lastUsed[index]!.push(used)
  schedules.set(plan, schedule)
  return schedule
}

/** Most symbols have as many rows as the one before. */
const begun = new WeakMap<Plan, { first: number; starts: number[] }>()

/** The row at which each step begins, for answers from `first` on. */
function startsOf(plan: Plan, first: number): number[] {
  const known = begun.get(plan)
  if (known?.first === first) return known.starts
  const { steps, outputs } = plan
  const starts = steps.map(() => Infinity)
  for (const { step } of outputs) starts[step] = first
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!
    if (step.kind === 'kernel') starts[index] = beginOf(step.memory, starts[index]!)
    for (const input of inputsOf(step)) starts[input] = Math.min(starts[input]!, starts[index]!)
  }
  begun.set(plan, { first, starts })
  return starts
}

const beginOf = (memory: Memory, row: number): number => (memory === 'all rows' ? 0 : restartRow({ ...memory, history: memory.back }, row))

function leaf({ name }: Extract<Step, { kind: 'column' }>, source: Source, first: number): Column {
  const column = source[name]
  if (column === undefined) throw new RangeError(`no column ${name} is given: what reads other symbols is computed for all of them`)
  return column.subarray(first)
}

const inputsOf = (step: Step): number[] =>
  step.kind === 'column' ? [] : step.inputs.flatMap((input) => (typeof input === 'number' ? [] : [input.step]))
