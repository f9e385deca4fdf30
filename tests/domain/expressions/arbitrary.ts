import fc from 'fast-check'
import type { Expression } from '#domain/expressions/expression.ts'

const number = fc
  .oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -1e9, max: 1e9, noNaN: true }))
  .map((value): Expression => ({ kind: 'number', value: value === 0 ? 0 : value, at: 0 }))
const column = fc.constantFrom('open', 'high', 'low', 'close', 'volume').map((name): Expression => ({ kind: 'column', name, at: 0 }))
const window = fc.integer({ min: 4, max: 30 }).map((value): Expression => ({ kind: 'number', value, at: 0 }))

const call = (operator: string, ...operands: Expression[]): Expression => ({ kind: 'call', operator, arguments: operands, at: 0 })
const divisor = (operator: string) => operator === 'Div'

/** Expressions that the parser would accept, of all kinds of operator; none looks ahead unless asked for, and recursive ones are rare. */
export function expressions({ ahead = false, recursive = false } = {}): fc.Arbitrary<Expression> {
  const { series } = fc.letrec<{ series: Expression; condition: Expression; operand: Expression }>((tie) => ({
    operand: fc.oneof({ weight: 3, arbitrary: tie('series') }, number),
    series: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      column,
      fc
        .tuple(fc.constantFrom('Add', 'Sub', 'Mul', 'Div', 'Power', 'Greater', 'Less'), tie('series'), tie('operand'), fc.boolean())
        .map(([operator, a, b, swap]) => {
          const zero = b.kind === 'number' && b.value === 0
          return swap || (divisor(operator) && zero) ? call(operator, b, a) : call(operator, a, b)
        }),
      fc.tuple(fc.constantFrom('Abs', 'Sign', 'Log'), tie('series')).map(([operator, a]) => call(operator, a)),
      fc
        .tuple(
          fc.constantFrom(
            ...['Mean', 'Sum', 'Std', 'Var', 'Skew', 'Kurt', 'Max', 'Min', 'IdxMax', 'IdxMin', 'Count', 'Mad', 'WMA', 'Med', 'Rank'],
            ...['Slope', 'Rsquare', 'Resi', 'EMA', 'Delta', 'TA_SMA', 'TA_EMA', 'TA_RSI', 'TA_ROC'],
            ...(recursive ? Array.from({ length: 4 }, () => ['EMA', 'TA_EMA', 'TA_KAMA', 'TA_TRIX', 'TA_RSI']).flat() : []),
          ),
          tie('series'),
          window,
        )
        .map(([operator, a, n]) => call(operator, a, n)),
      fc
        .tuple(tie('series'), window, fc.constantFrom(0, 0.2, 0.5, 0.8, 1))
        .map(([a, n, share]) => call('Quantile', a, n, { kind: 'number', value: share, at: 0 })),
      fc
        .tuple(fc.constantFrom('Corr', 'Cov'), tie('series'), tie('series'), window)
        .map(([operator, ...operands]) => call(operator, ...operands)),
      fc
        .tuple(tie('series'), window, fc.boolean())
        .map(([a, n, negative]) => call('Ref', a, ahead && negative && n.kind === 'number' ? { ...n, value: -n.value } : n)),
      fc.tuple(tie('condition'), tie('operand'), tie('series')).map((branches) => call('If', ...branches)),
      fc.tuple(column, column, column, window).map((operands) => call('TA_ATR', ...operands)),
    ),
    condition: fc.oneof(
      { maxDepth: 3 },
      fc
        .tuple(fc.constantFrom('Gt', 'Ge', 'Lt', 'Le', 'Eq', 'Ne'), tie('series'), tie('operand'))
        .map(([operator, a, b]) => call(operator, a, b)),
      fc.tuple(fc.constantFrom('And', 'Or'), tie('condition'), tie('condition')).map(([operator, a, b]) => call(operator, a, b)),
      tie('condition').map((a) => call('Not', a)),
    ),
  }))
  return series
}

/** The tree without the places that errors point at. */
export function shapeOf(expression: Expression): unknown {
  switch (expression.kind) {
    case 'number':
      return expression.value
    case 'column':
      return `$${expression.name}`
    case 'call':
      return [expression.operator, ...expression.arguments.map(shapeOf)]
    default:
      return expression satisfies never
  }
}
