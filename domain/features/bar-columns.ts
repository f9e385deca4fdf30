import type { Expression } from '../expressions/expression.ts'
import { columnsRead } from '../expressions/columns-read.ts'
import { plan } from '../expressions/plan.ts'
import { stagesOf } from '../expressions/stages.ts'

/** Columns that an expression may read: prices times their factor, volume over the splits' factor. */
export const barColumns: readonly string[] = ['open', 'high', 'low', 'close', 'volume']

/** Columns that some sources have and others lack: a set does without the features that read one that is not there. */
export const optionalColumns: readonly string[] = ['vwap']

/** @throws DomainError feature_column_absent when bars lack a column; expression_invalid when none is read at all */
export function assertColumns(expression: Expression, columns: readonly string[] = barColumns): void {
  for (const { operand } of stagesOf([expression]).flat()) plan([operand], columns)
  plan([expression], columns)
}

/** An optional column that the expression reads and the bars lack. */
export const absentColumn = (expression: Expression): string | undefined =>
  columnsRead(expression).find((column) => optionalColumns.includes(column) && !barColumns.includes(column))
