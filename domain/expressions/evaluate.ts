import type { Column } from './operator.ts'
import type { Input, Plan, Step } from './plan.ts'

/**
 * Runs a plan over columns of equal length, in rows ascending by time. Answers one column an expression. An
 * intermediate column is let go after its last use.
 */
export function evaluate({ steps, outputs }: Plan, source: Readonly<Record<string, Float64Array>>): Column[] {
  const lastUse = lastUses(steps)
  const kept = new Set(outputs.map(({ step }) => step))
  const results: (Column[] | undefined)[] = []
  const read = (input: Input) => (typeof input === 'number' ? input : results[input.step]![input.line]!)

  for (const [index, step] of steps.entries()) {
    results[index] = step.kind === 'column' ? [leaf(step, source)] : step.kernel.compute(step.inputs.map(read), step.settings)
    for (const used of inputsOf(step)) if (lastUse[used] === index && !kept.has(used)) results[used] = undefined
  }
  return outputs.map(({ step, line }) => results[step]![line]!)
}

/** A float32 column whose bytes depend on its values alone: numbers are rounded, every NaN is the same NaN. */
export function toFloat32(column: Column): Float32Array {
  const out = new Float32Array(column.length)
  const bits = new Uint32Array(out.buffer)
  for (let row = 0; row < out.length; row++) {
    const value = column[row]!
    out[row] = value
    if (Number.isNaN(value)) bits[row] = 0x7fc00000
  }
  return out
}

function leaf(step: Extract<Step, { kind: 'column' }>, source: Readonly<Record<string, Float64Array>>): Column {
  const column = source[step.name]!
  return step.precision === 'float32' ? Float32Array.from(column) : column
}

function lastUses(steps: readonly Step[]): number[] {
  const last: number[] = []
  for (const [index, step] of steps.entries()) for (const used of inputsOf(step)) last[used] = index
  return last
}

const inputsOf = (step: Step): number[] =>
  step.kind === 'column' ? [] : step.inputs.flatMap((input) => (typeof input === 'number' ? [] : [input.step]))
