import type { Executor } from '#db/client.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { findAlertAt } from '#db/queries/alerts.ts'
import { testMeanAboveZero } from '#domain/evaluation/session-test.ts'
import { forecasterOf } from './forecaster.ts'

type Contest = {
  id: string
  endpoint: string
  session: string
  championName: string
  championVersion: number
  challengerName: string | null
  challengerVersion: number | null
}

/** Losses of one session, of the three that are compared. */
export type Contested = { session: string; challenger: number; champion: number; persistence: number }

/** one-sided */
const significance = 0.05

/**
 * At a verdict: does the better of champion and challenger, by the mean loss of the judged sessions, still lose to
 * persistence on them? Then an alert says so, critical when the session test says it too.
 */
export async function compareWithBaseline(
  db: Executor,
  { retrain, scores, reach, session }: { retrain: Contest; scores: readonly Contested[]; reach: number; session: string },
): Promise<void> {
  const sum = (pick: (each: Contested) => number) => scores.reduce((total, each) => total + pick(each), 0)
  const better = sum(({ challenger }) => challenger) < sum(({ champion }) => champion) ? 'challenger' : 'champion'
  const {
    mean: gap,
    t,
    pValue,
  } = testMeanAboveZero(
    scores.map((each) => each[better] - each.persistence),
    reach,
  )
  if (gap <= 0) return
  const { endpoint, championName, championVersion, challengerName, challengerVersion } = retrain
  const model =
    better === 'champion' || challengerName === null || challengerVersion === null
      ? forecasterOf({ name: championName, version: championVersion })
      : forecasterOf({ name: challengerName, version: challengerVersion })
  const significant = pValue !== null && pValue < significance
  const n = scores.length
  const losses = {
    champion: sum(({ champion }) => champion) / n,
    challenger: sum(({ challenger }) => challenger) / n,
    persistence: sum(({ persistence }) => persistence) / n,
  }
  const evidence = { retrainId: retrain.id, model, losses, gap, t, pValue, sessions: n, through: scores.at(-1)!.session, significant }
  await raiseAlert(db, {
    endpoint,
    kind: 'worse-than-baseline',
    severity: significant ? 'critical' : 'warning',
    session,
    monitorId: null,
    summary: `${model}, the better of champion and challenger, loses to persistence over ${n} sessions: ${losses[better].toFixed(3)} against ${losses.persistence.toFixed(3)}${pValue === null ? '' : ` (one-sided p ${pValue.toFixed(3)})`}`,
    evidence,
  })
}

/** What was found at the verdict of a retrain; null when its better side beats persistence. */
export async function findBaselineAlert(
  db: Executor,
  { endpoint, session, retrainId }: { endpoint: string; session: string; retrainId: string },
): Promise<{ significant: boolean } | null> {
  const found = await findAlertAt(db, { endpoint, kind: 'worse-than-baseline', session })
  return found?.evidence['retrainId'] === retrainId ? { significant: found.evidence['significant'] === true } : null
}
