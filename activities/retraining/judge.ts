import { derivedId } from '#contracts/derived-id.ts'
import type { Database } from '#db/client.ts'
import type { RetrainRow } from '#db/commands/open-retrain.ts'
import type { Finding } from '#db/commands/raise-alert.ts'
import { recordJudgement } from '#db/commands/record-judgement.ts'
import { findRecipeOf, findRetrainRow } from '#db/queries/situation.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import { type Judged, judgeChallenger } from '../supervision/judge-challenger.ts'
import { policyOf } from './policy.ts'

/** Judges the challenger on the sessions that were scored so far. False while the next look takes more of them. */
export async function judge(db: Database, retrainId: string): Promise<boolean> {
  const row = await findRetrainRow(db, retrainId)
  if (row === undefined || row.state !== 'challenging' || row.verdict !== null) return false
  const judged = await judgeChallenger(db, { retrainId })
  const { looks, verdict } = judged
  await recordJudgement(db, { retrainId, looks, verdict, finding: await findingOf(db, row, judged), by: policyOf(row.endpoint) })
  return looks.length > row.looks.length
}

/** Even the better of the two loses to the naive forecast: people are told, and the policy may go back to that. */
async function findingOf(db: Database, row: RetrainRow, { looks, verdict, worseThanBaseline }: Judged): Promise<Finding | null> {
  const look = looks.at(-1)
  if (verdict === null || look === undefined || worseThanBaseline?.significant !== true) return null
  const { endpoint } = row
  const supervision = await findSupervision(db, endpoint)
  const champion = await findRecipeOf(db, { name: row.championName, version: row.championVersion })
  const fallsBack = supervision?.policy.onWorseThanBaseline === 'fallback' && champion?.model !== 'persistence'
  const better = verdict === 'better' ? 'challenger' : 'champion'
  const losses = { challenger: look.challengerLoss, champion: look.championLoss }
  return {
    endpoint,
    kind: 'worse-than-baseline',
    severity: 'critical',
    session: look.through,
    monitorId: null,
    summary:
      `Over ${look.sessions} sessions through ${look.through} even the better of champion and challenger, the ${better} with a loss of ` +
      `${losses[better].toPrecision(3)}, loses to persistence with ${look.persistenceLoss.toPrecision(3)}` +
      (fallsBack ? '; the endpoint falls back to persistence' : ''),
    evidence: { retrainId: row.id, look, worseThanBaseline, ...(fallsBack ? { fallback: fallbackIds(row.id) } : {}) },
  }
}

const fallbackIds = (retrainId: string) => ({
  retrainId,
  runId: derivedId(`fallback of ${retrainId}`),
  deploymentId: derivedId(`rollout of the fallback of ${retrainId}`),
})
