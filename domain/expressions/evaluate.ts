import type { Operand, Stream } from './operator.ts'
import type { Input, Plan, Step } from './plan.ts'
import { inputsOf, recursiveSteps, type Starts, startsOf } from './starts.ts'
import { readNumbers, writeNumbers } from './state-numbers.ts'
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
 * Recursive steps whose states are kept. `starts` are rows of the source. Of each of `ends`, ascending and after every start,
 * the states of all recursive steps before that row are written into `states`, one after the other.
 */
export type Recursion = { starts: Starts; ends: readonly number[]; states: Float64Array }

/**
 * As `evaluate`, into columns that are there, of the rows from `first` on. A step computes what later ones read of it, from
 * the latest row on at which it may begin (starts.ts); the first row given is one at which every expression may, unless
 * `recursion` says where steps begin. What a step computed is let go after its last use.
 */
export function evaluateInto(plan: Plan, source: Source, answers: readonly Float32Array[], first = 0, recursion?: Recursion): void {
  const workspaces = new Workspaces(Object.values(source)[0]?.length ?? 0)
  try {
    run(plan, source, answers, { first, workspaces, recursion })
  } finally {
    workspaces.close()
  }
}

type Evaluation = { first: number; workspaces: Workspaces; recursion: Recursion | undefined }

function run(plan: Plan, source: Source, answers: readonly Float32Array[], { first, workspaces, recursion }: Evaluation): void {
  const { answersOf, lastUsed } = scheduleOf(plan)
  const starts = recursion?.starts.rows ?? beginnings(plan, first)
  const keepers = recursion && keepersOf(plan, recursion)
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
      const keeper = keepers?.get(index)
      const computed =
        step.kind === 'column'
          ? [leaf(step, source, start)]
          : keeper === undefined
            ? step.kernel.compute(step.inputs.map(read), step.settings, place)
            : keeper.advance(step.inputs.map(read), step.settings, { workspace, start })
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

/** One recursive step: computes it from row `start` on, and takes its state before each of the ends. */
type Keeper = {
  advance(operands: readonly Operand[], settings: readonly number[], place: { workspace: Workspace; start: number }): Column[]
}

function keepersOf(plan: Plan, { starts, ends, states }: Recursion): Map<number, Keeper> {
  const steps = recursiveSteps(plan)
  const numbers = steps.reduce((sum, { size }) => sum + size, 0)
  const keepers = new Map<number, Keeper>()
  let own = 0
  for (const { step, size, stream } of steps) {
    const at = own
    const advance: Keeper['advance'] = (operands, settings, { workspace, start }) => {
      const state = stream.start(settings)
      const resumed = starts.resumed.get(step)
      if (resumed !== undefined) readNumbers(state, resumed)
      const lines = Array.from({ length: stream.lines }, () => workspace.lend())
      let from = 0
      for (const [index, end] of ends.entries()) {
        advanceRows(stream, state, operands, lines, from, end - start)
        writeNumbers(state, states, index * numbers + at)
        from = end - start
      }
      advanceRows(stream, state, operands, lines, from, workspace.rows)
      return lines
    }
    keepers.set(step, { advance })
    own += size
  }
  return keepers
}

function advanceRows(
  stream: Stream,
  state: object,
  operands: readonly Operand[],
  lines: readonly Column[],
  from: number,
  to: number,
): void {
  if (from === to) return
  const inputs: Operand[] = []
  for (const operand of operands) inputs.push(typeof operand === 'number' ? operand : operand.subarray(from, to))
  const outs: Column[] = []
  for (const line of lines) outs.push(line.subarray(from, to))
  stream.advance(state, inputs, outs)
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
function beginnings(plan: Plan, first: number): number[] {
  const known = begun.get(plan)
  if (known?.first === first) return known.starts
  const starts = startsOf(plan, first).rows
  begun.set(plan, { first, starts })
  return starts
}

function leaf({ name }: Extract<Step, { kind: 'column' }>, source: Source, first: number): Column {
  const column = source[name]
  if (column === undefined) throw new RangeError(`no column ${name} is given: what reads other symbols is computed for all of them`)
  return column.subarray(first)
}
