/**
 * What two versions of a symbol's bars say differently, session by session. Both are ascending by session; either may be
 * absent. A value that is NaN is no value, and equal to another that is none. −0 equals 0, as in the snapshot's identity.
 * Cost: one pass over both.
 */
import type { BarColumns } from './bars.ts'

const numbers = ['open', 'high', 'low', 'close', 'volume', 'vwap', 'adjustedClose'] as const

export type ComparedColumn = (typeof numbers)[number] | 'knownAt'
export type ComparedValue = number | string | null
export type ComparedValues = Partial<Record<ComparedColumn, { before: ComparedValue; after: ComparedValue }>>

/** `values` are the columns of a revised bar that differ; an added or removed bar has none. */
export type BarDifference = { session: string; kind: 'added' | 'removed' | 'revised'; values: ComparedValues }

/** `knownAt`s are looked at when both sides observed them: an assumed one is a rule and tells nothing. */
export function* compareBars(
  before: BarColumns | undefined,
  after: BarColumns | undefined,
  { knownAt }: { knownAt: boolean },
): Generator<BarDifference> {
  const [old, now] = [before?.sessions ?? [], after?.sessions ?? []]
  for (let i = 0, j = 0; i < old.length || j < now.length;) {
    const [left, right] = [old[i], now[j]]
    if (right === undefined || (left !== undefined && left < right)) {
      yield { session: left!, kind: 'removed', values: {} }
      i++
    } else if (left === undefined || right < left) {
      yield { session: right, kind: 'added', values: {} }
      j++
    } else {
      const values = differences(before!, i, after!, j, knownAt)
      if (values !== undefined) yield { session: left, kind: 'revised', values }
      i++
      j++
    }
  }
}

function differences(before: BarColumns, i: number, after: BarColumns, j: number, knownAt: boolean): ComparedValues | undefined {
  let values: ComparedValues | undefined
  for (const column of numbers) {
    const [left, right] = [before[column]?.[i] ?? Number.NaN, after[column]?.[j] ?? Number.NaN]
    if (left !== right && !(Number.isNaN(left) && Number.isNaN(right)))
      values = { ...values, [column]: { before: valueOf(left), after: valueOf(right) } }
  }
  if (knownAt && before.knownAt[i] !== after.knownAt[j])
    values = { ...values, knownAt: { before: before.knownAt[i]!, after: after.knownAt[j]! } }
  return values
}

const valueOf = (number: number) => (Number.isNaN(number) ? null : number)
