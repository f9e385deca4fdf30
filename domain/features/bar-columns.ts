import type { Expression } from '../expressions/expression.ts'
import { columnsRead } from '../expressions/columns-read.ts'
import { plan } from '../expressions/plan.ts'
import { stagesOf } from '../expressions/stages.ts'
import { optionalColumns } from '../market/bars.ts'

/** Columns of all bars that an expression may read: prices times their factor, volume over the splits' factor. */
export const barColumns: readonly string[] = ['open', 'high', 'low', 'close', 'volume']

/** Beside these, columns that some sources have and others lack: a set does without the features that read one that is not there. */
export const knownColumns: readonly string[] = [...barColumns, ...optionalColumns]

/** @throws DomainError feature_column_absent when there is no such column; expression_invalid when none is read at all */
export function assertColumns(expression: Expression, columns: readonly string[] = knownColumns): void {
  for (const { operand } of stagesOf([expression]).flat()) plan([operand], columns)
  plan([expression], columns)
}

/** An optional column that the expression reads and that is not one of `columns`. */
export const absentColumn = (expression: Expression, columns: readonly string[]): string | undefined =>
  columnsRead(expression).find((column) => optionalColumns.includes(column) && !columns.includes(column))
