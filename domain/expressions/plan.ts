/**
 * A plan computes a set of expressions with each common subexpression once. Steps are in order of need; a step is known
 * by its kernel, settings and inputs, so that equal work has one step however it is written. Below a `TA_*` operator
 * columns are read in float64, elsewhere in float32, and these are different steps.
 */
import { DomainError } from '../domain-error.ts'
import type { ColumnNode, Expression } from './expression.ts'
import { nearest } from './nearest.ts'
import type { Kernel } from './operator.ts'
import { operandsOf, operatorOf, settingsOf } from './operators.ts'

export type Input = { step: number; line: number } | number

export type Step =
  | { kind: 'column'; name: string; precision: 'float32' | 'float64' }
  | { kind: 'kernel'; kernel: Kernel; inputs: readonly Input[]; settings: readonly number[] }

export type Plan = { steps: readonly Step[]; outputs: readonly { step: number; line: number }[] }

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

  const visit = (node: Expression, precision: 'float32' | 'float64'): Input => {
    switch (node.kind) {
      case 'number':
        return node.value
      case 'column':
        if (!columns.includes(node.name)) throw absent(node, columns)
        return { step: add(`$${node.name}:${precision}`, () => ({ kind: 'column', name: node.name, precision })), line: 0 }
      case 'call': {
        const operator = operatorOf(node)
        const { kernel, line } = operator
        const settings = settingsOf(node)
        const inputs = operandsOf(node).map((operand) => visit(operand, operator.exact ? 'float64' : precision))
        return { step: add(JSON.stringify([kernel.name, settings, inputs]), () => ({ kind: 'kernel', kernel, inputs, settings })), line }
      }
      default:
        return node satisfies never
    }
  }

  const outputs = expressions.map((expression) => {
    const output = visit(expression, 'float32')
    if (typeof output === 'number') throw new DomainError('expression_invalid', `the expression ${output} reads no column`)
    return output
  })
  return { steps, outputs }
}

function absent({ name, at }: ColumnNode, columns: readonly string[]): DomainError {
  const near = nearest(name, columns)[0]
  return new DomainError(
    'feature_column_absent',
    `there is no column $${name} (character ${at + 1})${near ? `: did you mean $${near}?` : ''} Columns: ${columns.map((column) => `$${column}`).join(', ')}`,
    { column: name, position: at + 1 },
  )
}
