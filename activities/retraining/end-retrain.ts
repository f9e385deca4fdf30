import type { Client } from '@temporalio/client'
import type { AlertKind, ChallengeLook } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { endRetrain } from '#db/commands/end-retrain.ts'
import type { RetrainRow } from '#db/commands/open-retrain.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { findOpenRetrain, findRetrainRow } from '#db/queries/situation.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import { decideTraining } from './decide-training.ts'
import { policyOf } from './policy.ts'
import { standingOfTraining } from './standing.ts'

/** The challenger answers, and its bake is over: it is champion from the session of its verdict on. */
export async function promoteChallenger(db: Database, retrainId: string): Promise<void> {
  const row = await findRetrainRow(db, retrainId)
  if (row === undefined) return
  await endRetrain(db, { retrainId, state: 'promoted', by: policyOf(row.endpoint), reason: reasonOfVerdict(row) })
}

/** No promotion, which is an outcome and no failure: the champion stays. */
export async function refusePromotion(db: Database, retrainId: string): Promise<void> {
  const row = await findRetrainRow(db, retrainId)
  if (row === undefined) return
  await endRetrain(db, { retrainId, state: 'not-promoted', by: policyOf(row.endpoint), reason: await reasonOfRefusal(db, row) })
}

/** The training or the rollout went wrong: an alert says why, and the champion stays. */
export async function failRetrain(db: Database, retrainId: string): Promise<void> {
  const row = await findRetrainRow(db, retrainId)
  if (row === undefined) return
  if (row.state === 'rolling-out') {
    const rollout = row.deploymentId === null ? undefined : await findDeployment(db, row.deploymentId)
    const reason = `its rollout ended as ${rollout?.state ?? 'nothing'}: ${rollout?.failure ?? 'no reason was given'}`
    return await endRetrainAsFailed(db, row, 'rollout-failed', reason)
  }
  const run = await findTrainingRun(db, row.runId)
  const how = run?.endedAt == null ? 'lost its workflow' : `ended as ${run.state}`
  await endRetrainAsFailed(db, row, 'retrain-failed', `its training run ${how}: ${run?.failure ?? 'no reason was given'}`)
}

export async function endRetrainAsFailed(db: Database, row: RetrainRow, kind: AlertKind, reason: string): Promise<void> {
  const { id: retrainId, endpoint, runId, session, deploymentId, trigger } = row
  await endRetrain(db, {
    retrainId,
    state: 'failed',
    by: policyOf(endpoint),
    reason,
    finding: {
      endpoint,
      kind,
      severity: 'critical',
      session,
      monitorId: null,
      summary: `The ${trigger} retrain of ${session} failed, for ${reason}`,
      evidence: { retrainId, runId, deploymentId },
    },
  })
}

/** When its supervisor ends, an open retrain ends with it, and so does its training run. A rollout under way goes on by its gates. */
export async function endRetrainWithSupervision(
  { db, client }: { db: Database; client: Client },
  { endpoint, reason }: { endpoint: string; reason: string },
): Promise<void> {
  const row = await findOpenRetrain(db, endpoint)
  if (row === undefined) return
  const standing = await standingOfTraining({ db, client }, row.runId)
  if (standing === 'waiting' || standing === 'running')
    await decideTraining(client, { endpoint, runId: row.runId, verb: standing === 'waiting' ? 'reject' : 'stop', reason })
  const rollout = row.deploymentId === null ? '' : `; the deployment ${row.deploymentId} goes on by its gates`
  await endRetrain(db, { retrainId: row.id, state: 'not-promoted', by: policyOf(endpoint), reason: `${reason}${rollout}` })
}

async function reasonOfRefusal(db: Database, row: RetrainRow): Promise<string> {
  if (row.verdict !== null) return row.verdict === 'better' ? `${reasonOfVerdict(row)}; it was not rolled out` : reasonOfVerdict(row)
  const run = await findTrainingRun(db, row.runId)
  return run?.state === 'rejected'
    ? 'somebody rejected the challenger before its verdict'
    : 'another version became champion before its verdict'
}

/** The verdict with its figures, as the audit of the training run and the retrain tell it. */
export function reasonOfVerdict({ verdict, looks }: { verdict: RetrainRow['verdict']; looks: ChallengeLook[] }): string {
  const look = looks.at(-1)
  if (verdict === null || look === undefined) return 'no verdict'
  const figures = `loss ${look.challengerLoss.toPrecision(3)} against the champion's ${look.championLoss.toPrecision(3)}`
  const score = look.z === null ? 'no score' : `z ${look.z.toFixed(2)}, boundary ${look.boundary.toFixed(2)}`
  return `${verdict} after ${look.sessions} sessions, through ${look.through}: ${figures}, ${score}`
}
