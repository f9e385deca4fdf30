import type { Expression } from './expression.ts'
import { comparison, infix, isInfix } from './precedence.ts'

/** The normalised text: no spaces, no needless parentheses. Parsing it again gives the same tree. */
export function print(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return String(expression.value)
    case 'column':
      return `$${expression.name}`
    case 'call': {
      const { operator } = expression
      if (!isInfix(operator)) return `${operator}(${expression.arguments.map(print).join(',')})`
      const { sign, precedence } = infix[operator]
      const [left, right] = expression.arguments as [Expression, Expression]
      // signs of one precedence group to the left; comparisons do not chain at all
      return enclose(left, precedence === comparison ? precedence + 1 : precedence) + sign + enclose(right, precedence + 1)
    }
    default:
      return expression satisfies never
  }
}

const enclose = (operand: Expression, weakest: number) =>
  operand.kind === 'call' && isInfix(operand.operator) && infix[operand.operator].precedence < weakest
    ? `(${print(operand)})`
    : print(operand)
