/**
 * A forecaster against a rival on the same rows, paired by session: differences of their losses are averaged within each
 * session, and the sessions' mean is tested. Positive gain favours the candidate.
 */
import { mean } from './correlation.ts'
import { correlationsBySession } from './information-coefficient.ts'
import { groupRows, type Panel } from './panel.ts'
import { type SessionTest, testMeanAboveZero } from './session-test.ts'

/** one-sided: 90 % confidence */
export const significance = 0.1

export type Verdict = 'better' | 'inconclusive' | 'worse'

export type Contest = { gain: number; t: number | null; pValue: number | null; sessions: number; verdict: Verdict }

/** By squared error. */
export function compareSquaredErrors(panel: Panel, candidate: Float64Array, rival: Float64Array, reach: number): Contest {
  const gains = panel.labels.map((label, row) => (label - rival[row]!) ** 2 - (label - candidate[row]!) ** 2)
  const bySession = [...groupRows(panel.sessions).values()].map((rows) => mean(rows.map((row) => gains[row]!)))
  return contest(testMeanAboveZero(bySession, reach))
}

/** By RankIC. Without a rival, or where the rival ranks nothing (all forecasts equal), against a rank correlation of 0. */
export function compareRankCorrelations(panel: Panel, candidate: Float64Array, rival: Float64Array | undefined, reach: number): Contest {
  const own = correlationsBySession(panel, candidate).rankIc
  const other = rival === undefined ? [] : correlationsBySession(panel, rival).rankIc
  const gains = own.map((coefficient, session) => orZero(coefficient) - orZero(other[session]))
  return contest(testMeanAboveZero(gains, reach))
}

const orZero = (coefficient: number | undefined) => (coefficient === undefined || Number.isNaN(coefficient) ? 0 : coefficient)

function contest({ mean: gain, t, pValue, sessions }: SessionTest): Contest {
  const verdict = pValue === null ? 'inconclusive' : pValue < significance ? 'better' : pValue > 1 - significance ? 'worse' : 'inconclusive'
  return { gain, t, pValue, sessions, verdict }
}
