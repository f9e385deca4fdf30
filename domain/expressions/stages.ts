/**
 * The order in which a set with cross-sections is computed. What lies under a cross-section is computed symbol by symbol,
 * then every session across symbols, then what lies above, symbol by symbol again; cross-sections within each other make
 * more stages. The value of a cross-section follows from its normalised text alone, wherever it stands: its operand is an
 * expression of its own, rounded to float32 like every answer.
 */
import type { CallNode, Expression } from './expression.ts'
import { crossSectionOf } from './operators.ts'
import { print } from './print.ts'

/** `text` is normalised; `operand` is what it is computed from. */
export type CrossSectionNode = { text: string; node: CallNode; operand: Expression }

/** By stage the cross-sections of some expressions, each once and ascending by text; none where no symbol reads another. */
export function stagesOf(expressions: readonly Expression[]): CrossSectionNode[][] {
  const stages: Map<string, CrossSectionNode>[] = []
  /** the stage after which the expression can be computed */
  const visit = (expression: Expression): number => {
    if (expression.kind !== 'call') return 0
    const stage = expression.arguments.reduce((latest, operand) => Math.max(latest, visit(operand)), 0)
    if (crossSectionOf(expression) === undefined) return stage
    const text = print(expression)
    const own = (stages[stage] ??= new Map<string, CrossSectionNode>())
    if (!own.has(text)) own.set(text, { text, node: expression, operand: expression.arguments[0]! })
    return stage + 1
  }
  for (const expression of expressions) visit(expression)
  return stages.map((stage) => [...stage.values()].sort((a, b) => (a.text < b.text ? -1 : 1)))
}

/** The cross-sections that an expression reads itself: not those that lie under them. */
export function crossSectionsRead(expression: Expression): CrossSectionNode[] {
  if (expression.kind !== 'call') return []
  if (crossSectionOf(expression)) return [{ text: print(expression), node: expression, operand: expression.arguments[0]! }]
  return expression.arguments.flatMap(crossSectionsRead)
}

export const readsOtherSymbols = (expression: Expression): boolean => crossSectionsRead(expression).length > 0
