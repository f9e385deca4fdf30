import type { Column } from './operator.ts'
import type { Input, Plan, Step } from './plan.ts'
import { Workspace } from './workspace.ts'

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

/** As `evaluate`, into columns that are there. What a step computed is let go after its last use. */
export function evaluateInto(plan: Plan, source: Source, answers: readonly Float32Array[]): void {
  const workspace = new Workspace(Object.values(source)[0]?.length ?? 0)
  try {
    run(plan, source, answers, workspace)
  } finally {
    workspace.close()
  }
}

function run(plan: Plan, source: Source, answers: readonly Float32Array[], workspace: Workspace): void {
  const results: Column[][] = []
  const read = (input: Input) => (typeof input === 'number' ? input : results[input.step]![input.line]!)
  const { answersOf, lastUsed } = scheduleOf(plan)
  for (const [index, step] of plan.steps.entries()) {
    const asked = answersOf[index]!
    const place = { workspace, precision: step.precision }
    if (step.kind === 'kernel' && step.kernel.write !== undefined && asked.length === 1 && lastUsed[index]!.includes(index)) {
      step.kernel.write(step.inputs.map(read), place, answers[asked[0]!.answer]!)
      results[index] = []
    } else {
      const computed = step.kind === 'column' ? [leaf(step, source)] : step.kernel.compute(step.inputs.map(read), step.settings, place)
      const lines = computed.map((column) => workspace.hold(column))
      if (step.kind === 'column' && step.precision === 'float32') workspace.round(lines[0]!)
      results[index] = lines
      for (const { line, answer } of asked) workspace.writeFloat32(lines[line]!, answers[answer]!)
    }
    for (const used of lastUsed[index]!) {
      workspace.giveBack(...results[used]!)
      results[used] = []
    }
  }
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

function leaf({ name }: Extract<Step, { kind: 'column' }>, source: Source): Column {
  const column = source[name]
  if (column === undefined) throw new RangeError(`no column ${name} is given: what reads other symbols is computed for all of them`)
  return column
}

const inputsOf = (step: Step): number[] =>
  step.kind === 'column' ? [] : step.inputs.flatMap((input) => (typeof input === 'number' ? [] : [input.step]))
