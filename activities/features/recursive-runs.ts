/**
 * Runs of expressions some of which remember all rows before. Their recursive steps go on from states that are known of
 * earlier rows (domain/expressions/starts.ts), so that a build reads and computes little more than the rows that it lacks.
 * What cannot go on begins at the symbol's first bar, step by step.
 */
import { countedFrom, earliestOf, inputsOf, recursiveSteps, type Resumption, startsOf } from '#domain/expressions/starts.ts'
import type { Slice } from '#domain/features/slices.ts'
import type { PlannedSlice } from './plan-group.ts'
import { planOf, type RowRange, type Run } from './runs.ts'

/** Rows are those at hand, before which `earlier` others lie; states are taken before the rows `ends`. */
type Wanted = { keep: RowRange; to: number; earlier: number; ends: readonly number[] }

/** The run of some expressions, each of whose steps begins where it may; a run that would begin before the rows at hand has a negative row. */
export function recursiveRun(expressions: string[], { keep, to, earlier, ends }: Wanted, resumption: Resumption): Run {
  const plan = planOf(expressions)
  const starts = startsOf(plan, keep.from + earlier, resumption)
  const first = earliestOf(starts)
  const from = first - earlier
  const size = recursiveSteps(plan).reduce((sum, step) => sum + step.size, 0)
  const recursion = { starts: countedFrom(starts, first), ends: ends.map((end) => end - from), numbers: ends.length * size }
  return { expressions, read: { from, to }, keep, recursion }
}

/** The states that a run took before a row; nothing when it took none there. */
export function statesBefore(row: number, { expressions, read, recursion }: Run, taken: Float64Array): Map<string, Float64Array> {
  const states = new Map<string, Float64Array>()
  const index = recursion?.ends.indexOf(row - read.from) ?? -1
  if (index === -1) return states
  let at = (index * recursion!.numbers) / recursion!.ends.length
  for (const { name, size } of recursiveSteps(planOf(expressions))) states.set(name, taken.subarray(at, (at += size)))
  return states
}

/** The names of the recursive steps of some expressions. */
export const stepNames = (expressions: readonly string[]): string[] => recursiveSteps(planOf(expressions)).map(({ name }) => name)

/** Fewer than a month has: a month or two too early costs little, and all bars are read when it was too late. */
export const sessionsAMonth = 18

/** Months, from which on bars are read, and from which on slices begin that steps go on with; '' for all. */
export type ReadFrom = { bars: string; states: string }

/**
 * What expressions read whose states are known at the end of each slice, for answers from the first month of a slice on: a
 * step goes on at the beginning of a slice, and what it reads begins in a block before.
 */
export function readFrom(expressions: readonly string[], next: Slice, slices: readonly PlannedSlice[]): ReadFrom {
  const plan = planOf(expressions)
  const { steps, outputs } = plan
  const recursive = new Set(recursiveSteps(plan).map(({ step }) => step))
  const begins = slices.map(({ slice }) => monthNumber(slice.months[0]!))
  /** in months, by step */
  const from = steps.map(() => Infinity)
  for (const { step } of outputs) from[step] = monthNumber(next.months[0]!)
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!
    if (step.kind === 'kernel') {
      if (recursive.has(index)) from[index] = begins.findLast((begin) => begin <= from[index]!) ?? -Infinity
      else if (step.memory === 'all rows') from[index] = -Infinity
      else from[index]! -= (step.memory.back + step.memory.every - 1) / sessionsAMonth
    }
    for (const input of inputsOf(step)) from[input] = Math.min(from[input]!, from[index]!)
  }
  const states = [...recursive].map((index) => from[index]!).filter((month) => month !== -Infinity)
  return { bars: monthText(Math.min(...from)), states: monthText(Math.min(monthNumber(next.months[0]!), ...states)) }
}

export const monthNumber = (month: string): number => Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1

/** The month that a time in months lies in; '' for one before all. */
export function monthText(months: number): string {
  const month = Math.floor(months)
  return month < 0 ? '' : `${String(Math.floor(month / 12)).padStart(4, '0')}-${String((month % 12) + 1).padStart(2, '0')}`
}
