import type { Column } from './operator.ts'
import type { Input, Plan, Step } from './plan.ts'
import { Workspace } from './workspace.ts'

type Source = Readonly<Record<string, Float64Array>>

/** Runs a plan over columns of equal length, in rows ascending by time. Answers one float32 column an expression. */
export function evaluate(plan: Plan, source: Source): Float32Array[] {
  const rows = Object.values(source)[0]?.length ?? 0
  const answers = plan.outputs.map(() => new Float32Array(rows))
  evaluateInto(plan, source, answers)
  return answers
}

/** As `evaluate`, into columns that are there. What a step computed is let go after its last use. */
export function evaluateInto({ steps, outputs }: Plan, source: Source, answers: readonly Float32Array[]): void {
  const workspace = new Workspace(Object.values(source)[0]?.length ?? 0)
  const lastUse = lastUses(steps)
  const results: (Column[] | undefined)[] = []
  const read = (input: Input) => (typeof input === 'number' ? input : results[input.step]![input.line]!)
  const letGo = (step: number) => {
    workspace.giveBack(...(results[step] ?? []))
    results[step] = undefined
  }
  const answersOf = answersByStep(outputs)

  for (const [index, step] of steps.entries()) {
    const lines =
      step.kind === 'column'
        ? [leaf(step, source, workspace)]
        : step.kernel.compute(step.inputs.map(read), step.settings, { workspace, precision: step.precision })
    results[index] = lines
    for (const { line, answer } of answersOf[index] ?? []) writeFloat32(lines[line]!, answers[answer]!)
    for (const used of new Set(inputsOf(step))) if (lastUse[used] === index) letGo(used)
    if (lastUse[index] === undefined) letGo(index)
  }
}

/** Writes a float32 column whose bytes depend on its values alone: numbers are rounded, every NaN is the same NaN. */
export function writeFloat32(column: Column, out: Float32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  for (let row = 0; row < out.length; row++) {
    const value = column[row]!
    out[row] = value
    if (value !== value) bits[row] = 0x7fc00000
  }
}

function leaf(step: Extract<Step, { kind: 'column' }>, source: Source, workspace: Workspace): Column {
  const column = source[step.name]!
  if (step.precision === 'float64') return column
  const rounded = workspace.lend()
  for (let row = 0; row < rounded.length; row++) rounded[row] = Math.fround(column[row]!)
  return rounded
}

function answersByStep(outputs: Plan['outputs']): { line: number; answer: number }[][] {
  const byStep: { line: number; answer: number }[][] = []
  for (const [answer, { step, line }] of outputs.entries()) (byStep[step] ??= []).push({ line, answer })
  return byStep
}

function lastUses(steps: readonly Step[]): number[] {
  const last: number[] = []
  for (const [index, step] of steps.entries()) for (const used of inputsOf(step)) last[used] = index
  return last
}

const inputsOf = (step: Step): number[] =>
  step.kind === 'column' ? [] : step.inputs.flatMap((input) => (typeof input === 'number' ? [] : [input.step]))
