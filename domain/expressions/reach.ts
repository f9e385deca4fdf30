import { optionalColumns } from '../market/bars.ts'
import type { Expression } from './expression.ts'
import type { Operator } from './operator.ts'
import { operandsOf, operatorOf, settingsOf } from './operators.ts'

/**
 * The rows that an expression reads, relative to its own: `from` ≤ 0 back, `to` above 0 ahead. A recursive expression
 * reads back without bound; `from` is then where its first value can stand. `Ref(Ref($close,5),-5)` reads ahead too: it
 * has no value as long as five more rows are not there.
 */
export type Reach = { from: number; to: number; recursive: boolean }

export const reach = (expression: Expression): Reach => reachOf(expression, false)

/** As `reach`, of its own symbol alone: what lies under a cross-section is computed before, and the row itself is read. */
export const ownReach = (expression: Expression): Reach => reachOf(expression, true)

function reachOf(expression: Expression, own: boolean): Reach {
  switch (expression.kind) {
    case 'number':
    case 'column':
      return { from: 0, to: 0, recursive: false }
    case 'call': {
      const operator = operatorOf(expression)
      if (own && 'across' in operator) return { from: 0, to: 0, recursive: false }
      const rows = operator.rows(settingsOf(expression))
      // a number has no rows of its own to add
      const read = operandsOf(expression).filter((operand) => operand.kind !== 'number')
      const operands = read.map((operand) => reachOf(operand, own))
      return {
        from: rows.from + Math.min(...operands.map(({ from }) => from)),
        to: Math.max(0, rows.to + Math.max(...operands.map(({ to }) => to))),
        recursive: rows.recursive === true || readsAllOf(operator, read) || operands.some(({ recursive }) => recursive),
      }
    }
    default:
      return expression satisfies never
  }
}

/** Whether it reads back without bound for what its operands are. Columns of all bars are finite, but where a row is missing: see `skipsGaps`. */
export const readsAllOf = (operator: Operator, read: readonly Expression[]): boolean =>
  'kernel' in operator &&
  ((operator.poisoned === true && read.some(({ kind }) => kind !== 'column')) ||
    (operator.skipsGaps === true && read.some((operand) => operand.kind !== 'column' || optionalColumns.includes(operand.name))))

/** Whether windows leave out missing rows: where rows of the bars are missing, it reads back without bound. */
export const skipsGaps = (expression: Expression): boolean => {
  if (expression.kind !== 'call') return false
  const operator = operatorOf(expression)
  return ('kernel' in operator && operator.skipsGaps === true) || operandsOf(expression).some(skipsGaps)
}

/** Sessions of history that the first exact value needs, its own included. */
export const lookback = (expression: Expression) => 1 + Math.max(0, -reach(expression).from)

/** Sessions ahead that are read; 0 for an expression that knows only the past. */
export const lookahead = (expression: Expression) => Math.max(0, reach(expression).to)

/** The first negative `Ref`: where an error about looking ahead points. */
export function forwardReference(expression: Expression): Expression | undefined {
  if (expression.kind !== 'call') return undefined
  if (operatorOf(expression).rows(settingsOf(expression)).to > 0) return expression
  return expression.arguments.map(forwardReference).find((found) => found !== undefined)
}
