import type { CallNode, Expression } from './expression.ts'
import { print } from './print.ts'

/** Of zeros these give zero again. */
const keepZero: ReadonlySet<string> = new Set(['Abs', 'Sign', 'Ref', 'Delta', 'Mean', 'Sum', 'Max', 'Min', 'Med', 'WMA', 'EMA'])
/** Zero where both sides are. */
const zeroOfZeros: ReadonlySet<string> = new Set(['Add', 'Sub', 'Greater', 'Less'])

/**
 * The first division whose divisor can be told to be zero on every row, such as `$close/($open-$open)`: its divisor. What
 * can only be told from the bars, such as a deviation of constant prices, is not looked for.
 */
export function divisorAlwaysZero(expression: Expression): Expression | undefined {
  if (expression.kind !== 'call') return undefined
  const [, right] = expression.arguments
  if (expression.operator === 'Div' && right !== undefined && isAlwaysZero(right)) return right
  return expression.arguments.map(divisorAlwaysZero).find((found) => found !== undefined)
}

function isAlwaysZero(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
      return expression.value === 0
    case 'column':
      return false
    case 'call':
      return isZeroCall(expression)
    default:
      return expression satisfies never
  }
}

function isZeroCall({ operator, arguments: [left, right] }: CallNode): boolean {
  if (left === undefined) return false
  if (keepZero.has(operator)) return isAlwaysZero(left)
  if (right === undefined) return false
  if (operator === 'Mul') return isAlwaysZero(left) || isAlwaysZero(right)
  if (operator === 'Div') return isAlwaysZero(left)
  if (operator === 'Sub' && print(left) === print(right)) return true
  return zeroOfZeros.has(operator) && isAlwaysZero(left) && isAlwaysZero(right)
}
