import { type GateReading, latencyBucketsMs, type RolloutGates } from '#contracts/deployments.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { Database } from '#db/client.ts'
import { findDeployment } from '#db/queries/deployments.ts'
import { readTally } from '#db/queries/serving-tallies.ts'
import { judgeGates } from '#domain/rollout/gates.ts'
import { since, type Tally } from '#domain/rollout/tally.ts'

/** What both versions had answered when a step began. */
export type Tallies = { fresh: Tally; old: Tally | null }

/**
 * What is judged. `before` is what had been answered before: of the new version until the step began, of the old one too
 * while both answer. After the switch the old one is judged by all that it ever answered (`old` is null then), and if
 * that is too little, the new one by itself.
 */
export type GateQuestion = { deploymentId: string; predecessorId: string | null; step: string; before: Tallies; gates: RolloutGates }

export async function readTallies(db: Database, deploymentId: string, predecessorId: string | null): Promise<Tallies> {
  const [fresh, old] = await Promise.all([readTally(db, deploymentId), predecessorId === null ? null : readTally(db, predecessorId)])
  return { fresh, old }
}

/** @throws QuantloopError not_found | conflict when the deployment was ended by somebody else */
export async function readGates(db: Database, { deploymentId, predecessorId, step, before, gates }: GateQuestion): Promise<GateReading> {
  const [now, deployment] = await Promise.all([readTallies(db, deploymentId, predecessorId), findDeployment(db, deploymentId)])
  if (deployment === undefined) throw new QuantloopError('not_found', `there is no deployment ${deploymentId}`)
  if (deployment.endedAt !== null) throw new QuantloopError('conflict', `the deployment ${deploymentId} has ended: ${deployment.state}`)
  const judgement = judgeGates(since(now.fresh, before.fresh), besides(now.old, before.old, gates), gates, latencyBucketsMs)
  return { step, ...judgement, at: new Date().toISOString() }
}

function besides(now: Tally | null, before: Tally | null, { minAnswers }: RolloutGates): Tally | null {
  if (now === null || before !== null) return now === null || before === null ? now : since(now, before)
  return now.answers < minAnswers ? null : now
}
