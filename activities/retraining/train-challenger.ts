import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { asQuantloopError, QuantloopError } from '#contracts/errors.ts'
import { FeatureBuildManifest } from '#contracts/features.ts'
import { superviseWorkflowId, trainingWorkflowId } from '#contracts/ids.ts'
import type { ObjectRef } from '#contracts/references.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Recipe, TrainModelInput } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import type { RetrainRow } from '#db/commands/open-retrain.ts'
import { findRetrainRow, readSupervisedEndpoint } from '#db/queries/situation.ts'
import { retrainRecipe } from '#domain/evaluation/retrain-recipe.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'
import { endRetrainAsFailed } from './end-retrain.ts'
import { originOf } from './policy.ts'

type World = { db: Database; objects: ObjectStore; client: Client }

/**
 * Starts the training run of a retrain: the recipe on the data up to its alarm. A start that happened before a kill is
 * the same start; a recipe that the data cannot fill ends the retrain as failed.
 */
export async function trainChallenger(
  world: World,
  { retrainId, build }: { retrainId: string; build: { id: string; manifest: ObjectRef } },
): Promise<void> {
  const { db, objects, client } = world
  const row = await findRetrainRow(db, retrainId)
  if (row === undefined || row.endedAt !== null) return
  const seen = await readSupervisedEndpoint(db, row.endpoint)
  if (seen === undefined)
    throw new QuantloopError('not_found', `nothing supervises the endpoint ${row.endpoint}`, { endpoint: row.endpoint })
  const manifest = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
  const { policy } = seen.supervision
  let recipe: Recipe
  try {
    recipe = retrainRecipe(seen.recipe, { sessions: manifest.sessions, through: row.session, policy: policy.retraining })
  } catch (raised) {
    const error = asQuantloopError(raised)
    if (error === undefined) throw raised
    await endRetrainAsFailed(db, row, 'retrain-failed', error.message)
    return
  }
  await startTraining(client, row, { modelName: seen.modelName, recipe, snapshotId: manifest.snapshotId })
}

/** Starts a training run on behalf of an endpoint's policy; the supervisor hears when it waits or has ended. */
export async function startTraining(
  client: Client,
  { endpoint, runId }: Pick<RetrainRow, 'endpoint' | 'runId'>,
  asked: Pick<TrainModelInput, 'modelName' | 'recipe' | 'snapshotId'>,
): Promise<void> {
  const input: TrainModelInput = { runId, ...asked, notify: superviseWorkflowId(endpoint), origin: originOf(endpoint, { runId, ...asked }) }
  const { by, bodySha256 } = input.origin
  try {
    await client.workflow.start('trainModel', {
      workflowId: trainingWorkflowId(runId),
      taskQueue: taskQueues.orchestration,
      args: [input],
      // one that was terminated before its first row begins again
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
      memo: { bodySha256 },
      typedSearchAttributes: [
        { key: searchAttributeKey('Dataset'), value: asked.recipe.dataset },
        { key: searchAttributeKey('ModelName'), value: asked.modelName },
        { key: searchAttributeKey('Endpoint'), value: endpoint },
        { key: searchAttributeKey('TriggeredBy'), value: by },
      ],
      staticSummary: `${asked.modelName}: ${asked.recipe.model} for endpoint ${endpoint}`,
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
