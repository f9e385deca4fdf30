import type { Expression } from '../expressions/expression.ts'
import { plan } from '../expressions/plan.ts'

/** Columns that an expression may read: prices times their factor, volume over the splits' factor. */
export const barColumns = ['open', 'high', 'low', 'close', 'volume'] as const

/** @throws DomainError feature_column_absent when bars lack a column; expression_invalid when none is read at all */
export const assertColumns = (expression: Expression): void => void plan([expression], barColumns)
