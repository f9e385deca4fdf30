/** The syntax tree of an expression. `at` is the character (from 0) that an error points at. */
export type NumberNode = { kind: 'number'; value: number; at: number }
export type ColumnNode = { kind: 'column'; name: string; at: number }
export type CallNode = { kind: 'call'; operator: string; arguments: Expression[]; at: number }
export type Expression = NumberNode | ColumnNode | CallNode
