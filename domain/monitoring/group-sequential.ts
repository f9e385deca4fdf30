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

/** Numbers of sessions at which is looked, ascending. */
export const plannedLooks = ({ firstLook, lookEvery, lastLook }: LookPlan): number[] =>
  Array.from({ length: Math.floor((lastLook - firstLook) / lookEvery) + 1 }, (_, look) => firstLook + look * lookEvery)

/**
 * The look at these gains, one a session, ascending; their number must be a planned one. `reach` is how many sessions
 * ahead the label reads.
 * @throws RangeError when no look is planned at so many sessions
 */
export function lookAt(gains: readonly number[], reach: number, plan: LookPlan): Look {
  const looks = plannedLooks(plan)
  const index = looks.indexOf(gains.length)
  if (index === -1) throw new RangeError(`no look is planned at ${gains.length} sessions, only at ${looks.join(', ')}`)
  const fractions = looks.slice(0, index + 1).map((sessions) => sessions / plan.lastLook)
  const boundary = spendingBoundaries(fractions, plan.alpha).at(-1)!
  const { mean, t, lag } = testMeanAboveZero(gains, reach)
  const z = t === null ? null : normalScore(t, gains.length, lag)
  const undecided = index === looks.length - 1 ? 'inconclusive' : 'continue'
  const verdict = z === null || Math.abs(z) <= boundary ? undecided : z > 0 ? 'better' : 'worse'
  return { sessions: gains.length, gain: mean, t, z, boundary, verdict }
}
