/**
 * A challenger against the champion, looked at more than once. The gains of the sessions are tested by the session test
 * (Newey and West's variance); its t becomes a normal score (small-sample-t.ts), and the score meets the boundary of an
 * O'Brien–Fleming type spending of alpha over the planned looks, whose information is taken as proportional to their
 * sessions. Above the boundary the challenger is better, below its mirror image worse; each error has at most about
 * `alpha` over all looks together. Gains in the label's squared units, finite.
 */
import { testMeanAboveZero } from '../evaluation/session-test.ts'
import { normalScore } from './small-sample-t.ts'
import { spendingBoundaries } from './spending-boundaries.ts'

export type LookPlan = { firstLook: number; lookEvery: number; lastLook: number; alpha: number }

export type LookVerdict = 'better' | 'worse' | 'continue' | 'inconclusive'

/** `t` and `z` are null when the gains do not vary. */
export type Look = { sessions: number; gain: number; t: number | null; z: number | null; boundary: number; verdict: LookVerdict }

/** A planned look: at how many sessions, and what its score is held against. */
export type PlannedLook = { sessions: number; boundary: number }

/** Numbers of sessions at which is looked, ascending. */
export const sessionsOfLooks = ({ firstLook, lookEvery, lastLook }: LookPlan): number[] =>
  Array.from({ length: Math.floor((lastLook - firstLook) / lookEvery) + 1 }, (_, look) => firstLook + look * lookEvery)

/** Takes some milliseconds: boundaries are integrals. */
export function planLooks(plan: LookPlan): PlannedLook[] {
  const looks = sessionsOfLooks(plan)
  const boundaries = spendingBoundaries(
    looks.map((sessions) => sessions / plan.lastLook),
    plan.alpha,
  )
  return looks.map((sessions, look) => ({ sessions, boundary: boundaries[look]! }))
}

/**
 * The look at these gains, one a session, ascending; their number must be a planned one. `reach` is how many sessions
 * ahead the label reads.
 * @throws RangeError when no look is planned at so many sessions
 */
export function lookAt(gains: readonly number[], reach: number, looks: readonly PlannedLook[]): Look {
  const planned = looks.find(({ sessions }) => sessions === gains.length)
  if (planned === undefined)
    throw new RangeError(`no look is planned at ${gains.length} sessions, only at ${looks.map(({ sessions }) => sessions).join(', ')}`)
  const { mean, t, lag } = testMeanAboveZero(gains, reach)
  const z = t === null ? null : normalScore(t, gains.length, lag)
  const undecided = planned === looks.at(-1) ? 'inconclusive' : 'continue'
  const verdict = z === null || Math.abs(z) <= planned.boundary ? undecided : z > 0 ? 'better' : 'worse'
  return { ...planned, gain: mean, t, z, verdict }
}
