/**
 * A plan computes a set of expressions with each common subexpression once. Steps are in order of need; a step is known
 * by its kernel, settings, inputs and precision, so that equal work has one step however it is written. Below a `TA_*`
 * operator columns are read in float64, elsewhere in float32, and these are different steps. A cross-section was computed
 * before, and is a column under its normalised text (stages.ts).
 */
import { DomainError } from '../domain-error.ts'
import type { CallNode, ColumnNode, Expression } from './expression.ts'
import { nearest } from './nearest.ts'
import type { Kernel, Precision, SymbolOperator, ValueType } from './operator.ts'
import { kindOf, operandsOf, operatorOf, settingsOf } from './operators.ts'
import { print } from './print.ts'
import { readsAllOf } from './reach.ts'
import { leastCommonMultiple } from './restart.ts'

export type Input = { step: number; line: number } | number

export type Step =
  | { kind: 'column'; name: string; precision: Precision }
  | { kind: 'kernel'; kernel: Kernel; inputs: readonly Input[]; settings: number[]; precision: Precision; memory: Memory }

/** The rows that a kernel reads before that of an answer, and a multiple of which it may begin at; or it reads all. */
export type Memory = { back: number; every: number } | 'all rows'

export type Plan = { steps: readonly Step[]; outputs: readonly { step: number; line: number }[] }

type Planned = { input: Input; type: ValueType }

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
  })

  const visit = (node: Expression, leaves: Precision): Planned => {
    switch (node.kind) {
      case 'number':
        return { input: node.value, type: 'number' }
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
    if (gathered === undefined) {
      const key = JSON.stringify([kernel.name, settings, inputs, precision])
      const step = add(key, () => ({ kind: 'kernel', kernel, inputs, settings, precision, memory }))
      return { input: { step, line: operator.line }, type }
    }
    const first = settings[0]!
    const second = gathered === 'by second setting' ? settings[1]! : gathered.as
    const key = JSON.stringify([kernel.name, first, inputs, precision])
    const step = add(key, () => ({ kind: 'kernel', kernel, inputs, settings: [first], precision, memory }))
    return { input: { step, line: lineOf((steps[step] as { settings: number[] }).settings, second) }, type }
  }

  const outputs = expressions.map((expression) => {
    const { input } = visit(expression, 'float32')
    if (typeof input === 'number') throw new DomainError('expression_invalid', `the expression ${input} reads no column`)
    return input
  })
  return { steps, outputs }
}

/** What leaves out missing rows reads back without bound where some are missing. */
function memoryOf(operator: SymbolOperator, node: CallNode): Memory {
  const settings = settingsOf(node)
  const { from, recursive } = operator.rows(settings)
  const read = operandsOf(node).filter(({ kind }) => kind !== 'number')
  if (recursive === true || operator.skipsGaps === true || readsAllOf(operator, read)) return 'all rows'
  return { back: Math.max(0, -from), every: (operator.blocks?.(settings) ?? []).reduce(leastCommonMultiple, 1) }
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
