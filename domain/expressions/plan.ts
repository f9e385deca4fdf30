/**
 * A plan computes a set of expressions with each common subexpression once. Steps are in order of need; a step is known
 * by its kernel, settings, inputs and precision, so that equal work has one step however it is written. Below a `TA_*`
 * operator columns are read in float64, elsewhere in float32, and these are different steps. A cross-section was computed
 * before, and is a column under its normalised text (stages.ts).
 */
import { DomainError } from '../domain-error.ts'
import type { CallNode, ColumnNode, Expression } from './expression.ts'
import { nearest } from './nearest.ts'
import type { Kernel, Precision, Stream, SymbolOperator, ValueType } from './operator.ts'
import { kindOf, operandsOf, operatorOf, settingsOf } from './operators.ts'
import { print } from './print.ts'
import { ownReach, readsAllOf } from './reach.ts'
import { leastCommonMultiple } from './restart.ts'
import { countNumbers, layoutOf } from './state-numbers.ts'

export type Input = { step: number; line: number } | number

export type Step =
  | { kind: 'column'; name: string; precision: Precision }
  | {
      kind: 'kernel'
      kernel: Kernel
      inputs: readonly Input[]
      settings: number[]
      precision: Precision
      memory: Memory
      recursive?: Recursive | undefined
    }

/**
 * The rows that a kernel reads before that of an answer, and a multiple of which it may begin at; or it reads all. With
 * `gapless` rows that are missing do not count.
 */
export type Memory = { back: number; every: number; gapless?: true } | 'all rows'

/**
 * A step that can go on from its own state, which is of `size` numbers. Its name follows from what it computes and how its
 * state is laid out, whatever stands around it.
 */
export type Recursive = { name: string; size: number; stream: Stream }

export type Plan = { steps: readonly Step[]; outputs: readonly { step: number; line: number }[] }

/** `name` is canonical: equal ones are computed alike from equal columns. */
type Planned = { input: Input; type: ValueType; name: string }

/** A state of more numbers, such as a very long window, is not worth keeping. */
const largestState = 512

/** @throws DomainError feature_column_absent | expression_invalid (no column is read) */
export function plan(expressions: readonly Expression[], columns: readonly string[]): Plan {
  const steps: Step[] = []
  const known = new Map<string, number>()

  const add = (key: string, step: () => Step): number => {
    const found = known.get(key)
    if (found !== undefined) return found
    known.set(key, steps.push(step()) - 1)
    return steps.length - 1
  }

  const column = (name: string, precision: Precision): Planned => ({
    input: { step: add(`$${name}:${precision}`, () => ({ kind: 'column', name, precision })), line: 0 },
    type: precision,
    name: `$${name}:${precision}`,
  })

  const visit = (node: Expression, leaves: Precision): Planned => {
    switch (node.kind) {
      case 'number':
        return { input: node.value, type: 'number', name: String(node.value) }
      case 'column':
        if (!columns.includes(node.name)) throw absent(node, columns)
        return column(node.name, leaves)
      case 'call':
        return call(node, leaves)
      default:
        return node satisfies never
    }
  }

  const call = (node: CallNode, leaves: Precision): Planned => {
    const operator = operatorOf(node)
    if ('across' in operator) return column(print(node), leaves)
    const { kernel, gathered } = operator
    const operands = operandsOf(node).map((operand) => visit(operand, operator.exact ? 'float64' : leaves))
    const inputs = operands.map(({ input }) => input)
    const precision = leaves === 'float64' ? leaves : (operator.precision?.(operands.map(({ type }) => type)) ?? 'float64')
    const type = kindOf(node) === 'condition' ? 'condition' : precision
    const settings = settingsOf(node)
    const memory = memoryOf(operator, node)
    const computed = `${kernel.name}(${[...operands.map(({ name }) => name), ...settings].join()}):${precision}`
    const name = operator.line === 0 ? computed : `${computed}#${operator.line}`
    if (gathered === undefined) {
      const key = JSON.stringify([kernel.name, settings, inputs, precision])
      const recursive = recursiveOf(node, kernel, settings, computed)
      const step = add(key, () => ({ kind: 'kernel', kernel, inputs, settings, precision, memory, recursive }))
      return { input: { step, line: operator.line }, type, name }
    }
    const first = settings[0]!
    const second = gathered === 'by second setting' ? settings[1]! : gathered.as
    const key = JSON.stringify([kernel.name, first, inputs, precision])
    const step = add(key, () => ({ kind: 'kernel', kernel, inputs, settings: [first], precision, memory }))
    return { input: { step, line: lineOf((steps[step] as { settings: number[] }).settings, second) }, type, name }
  }

  const outputs = expressions.map((expression) => {
    const { input } = visit(expression, 'float32')
    if (typeof input === 'number') throw new DomainError('expression_invalid', `the expression ${input} reads no column`)
    return input
  })
  return { steps, outputs }
}

function memoryOf(operator: SymbolOperator, node: CallNode): Memory {
  const settings = settingsOf(node)
  const { from, recursive } = operator.rows(settings)
  const read = operandsOf(node).filter(({ kind }) => kind !== 'number')
  if (recursive === true || readsAllOf(operator, read)) return 'all rows'
  const bounds = { back: Math.max(0, -from), every: (operator.blocks?.(settings) ?? []).reduce(leastCommonMultiple, 1) }
  return operator.skipsGaps === true ? { ...bounds, gapless: true } : bounds
}

/** A state of what looks ahead is not that of the rows up to it. */
function recursiveOf(node: CallNode, { stream }: Kernel, settings: readonly number[], name: string): Recursive | undefined {
  if (stream === undefined || ownReach(node).to > 0) return undefined
  const state = stream.start(settings)
  const size = countNumbers(state)
  return size > largestState ? undefined : { name: name + layoutOf(state), size, stream }
}

/** The line of a gathered setting; a new one is added behind the others. */
function lineOf(settings: number[], wanted: number): number {
  const found = settings.indexOf(wanted, 1)
  return found > 0 ? found - 1 : settings.push(wanted) - 2
}

function absent({ name, at }: ColumnNode, columns: readonly string[]): DomainError {
  const near = nearest(name, columns)[0]
  return new DomainError(
    'feature_column_absent',
    `there is no column $${name} (character ${at + 1})${near ? `: did you mean $${near}?` : ''} Columns: ${columns.map((column) => `$${column}`).join(', ')}`,
    { column: name, position: at + 1 },
  )
}
