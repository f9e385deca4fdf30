import type { Expression } from './expression.ts'

/** Names of the columns that an expression reads, in order and with repeats. */
export function columnsRead(expression: Expression): string[] {
  switch (expression.kind) {
    case 'number':
      return []
    case 'column':
      return [expression.name]
    case 'call':
      return expression.arguments.flatMap(columnsRead)
    default:
      return expression satisfies never
  }
}
