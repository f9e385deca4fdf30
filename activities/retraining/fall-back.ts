import type { Client } from '@temporalio/client'
import { QuantloopError } from '#contracts/errors.ts'
import type { Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { raiseAlert } from '#db/commands/raise-alert.ts'
import { findRetrainRow, findVersionOfRun, type Fallback } from '#db/queries/situation.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import { findTrainingRun } from '#db/queries/training-runs.ts'
import { rollOut } from './roll-out.ts'
import { startTraining } from './train-challenger.ts'

type World = { db: Database; client: Client }
type Step = { endpoint: string; fallback: Fallback }

/** Fits the naive forecast on the rows that the challenger was fitted on, as a version of the endpoint's own. */
export async function trainFallback({ db, client }: World, { endpoint, fallback }: Step): Promise<void> {
  const retrain = await findRetrainRow(db, fallback.retrainId)
  const run = retrain && (await findTrainingRun(db, retrain.runId))
  if (run === undefined || run.snapshotId === null)
    throw new QuantloopError('not_found', `the retrain ${fallback.retrainId} has no training run to fall back by`)
  // the naive forecast is taken as it is
  const { processors: _, ...own } = run.recipe
  const recipe: Recipe = { ...own, model: 'persistence', featureSet: 'persistence' }
  const modelName = `${endpoint.slice(0, 63 - '-persistence'.length)}-persistence`
  await startTraining(client, { endpoint, runId: fallback.runId }, { modelName, recipe, snapshotId: run.snapshotId })
}

export async function rollOutFallback({ db, client }: World, { endpoint, fallback }: Step): Promise<void> {
  const supervision = await findSupervision(db, endpoint)
  const model = await findVersionOfRun(db, fallback.runId)
  if (supervision === undefined || model === undefined) return
  await rollOut(client, { deploymentId: fallback.deploymentId, endpoint, model, plan: supervision.policy.rollout })
}

/** The fallback went wrong: an alert says so, and that ends it. */
export async function failFallback({ db }: World, { endpoint, fallback }: Step): Promise<void> {
  const { retrainId, session, runId, deploymentId } = fallback
  await raiseAlert(db, {
    endpoint,
    kind: 'rollout-failed',
    severity: 'critical',
    session,
    monitorId: null,
    summary: `The fallback to persistence of ${session} failed: see training run ${runId} and deployment ${deploymentId}`,
    evidence: { fallbackOf: retrainId, runId, deploymentId },
  })
}
