/**
 * Where a computation may begin so that it gives the bits of one that began at the first row: at a multiple of every block
 * that its windows are joined from (kernels/rolling-sum.ts, indicators/anchored-rows.ts), and early enough for the look-back.
 * A recursive expression has no such row but the first; nor has, where rows are missing, one whose windows leave them out.
 * Cross-sections were computed before, and are columns here.
 */
import type { Expression } from './expression.ts'
import { crossSectionOf, operandsOf, operatorOf, settingsOf } from './operators.ts'
import { ownReach, skipsGaps } from './reach.ts'

/** Expressions, by their place in a list, that begin together: at a multiple of `every` rows, `history` rows before the first answer or more. */
export type RestartClass = { members: number[]; every: number; history: number }

/** Beyond so many rows, beginning at a common multiple costs more than another run over the same bars. */
const longestBlock = 1024

/** `fromFirst` are those that begin at the first row. */
export type Restarts = { classes: RestartClass[]; fromFirst: number[] }

/** `gaps` says that rows of the columns may be missing. */
export function restartClasses(expressions: readonly Expression[], { gaps }: { gaps: boolean }): Restarts {
  const classes: RestartClass[] = []
  const fromFirst: number[] = []
  const bounded: { index: number; every: number; history: number }[] = []
  for (const [index, expression] of expressions.entries()) {
    if (ownReach(expression).recursive || (gaps && skipsGaps(expression))) fromFirst.push(index)
    else bounded.push({ index, every: blocksOf(expression).reduce(leastCommonMultiple, 1), history: historyOf(expression) })
  }
  // the longest first: what divides them costs nothing more
  for (const { index, every, history } of bounded.sort((a, b) => b.every - a.every || a.index - b.index)) {
    const home = classes.find((each) => leastCommonMultiple(each.every, every) <= Math.max(longestBlock, each.every))
    if (home === undefined) classes.push({ members: [index], every, history })
    else {
      home.members.push(index)
      home.every = leastCommonMultiple(home.every, every)
      home.history = Math.max(home.history, history)
    }
  }
  for (const { members } of classes) members.sort((a, b) => a - b)
  return { classes, fromFirst }
}

/** The row to begin at for answers from `row` on: a multiple of `every`, `history` rows before or more. */
export const restartRow = ({ every, history }: Pick<RestartClass, 'every' | 'history'>, row: number): number =>
  Math.max(0, Math.floor((row - history) / every) * every)

/** Rows back that a value needs, also where only what it is made of must have them. */
export function historyOf(expression: Expression): number {
  if (expression.kind !== 'call' || crossSectionOf(expression)) return 0
  const { from } = operatorOf(expression).rows(settingsOf(expression))
  return Math.max(0, Math.max(...operandsOf(expression).map(historyOf)) - from)
}

function blocksOf(expression: Expression): number[] {
  if (expression.kind !== 'call') return []
  const operator = operatorOf(expression)
  if ('across' in operator) return []
  return [...(operator.blocks?.(settingsOf(expression)) ?? []), ...operandsOf(expression).flatMap(blocksOf)]
}

export const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
