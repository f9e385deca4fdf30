import type { Client } from '@temporalio/client'
import type { BuildInput, BuildResult, FeatureBuild, LabelDefinition } from '#contracts/features.ts'
import { featuresWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Recipe } from '#contracts/training.ts'
import type { RequestOrigin } from '#contracts/words.ts'
import type { Database } from '#db/client.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { servesOnline } from '#db/queries/online-features.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import { endedWhileWaiting } from '../waiter.ts'

/** `featureSet` is a reference, as `mine@2`; `processors` are a recipe's. `waiter` is the id of a workflow that gets the signal `nudge` when the build has ended. */
export type BuildRequest = {
  dataset: string
  snapshotId: string
  asOf?: string | undefined
  featureSet: string
  processors?: Recipe['processors']
  universe?: string | undefined
  label: LabelDefinition
  waiter: string
  origin: RequestOrigin
}

/**
 * Joins the build that the request names, or starts it; a ready one is answered at once. A failed or stopped one is
 * answered when it ended after the waiter began, for then the waiter asked for it; an older one is tried again.
 * @throws QuantloopError not_found | expression_invalid | feature_column_absent | recipe_invalid
 */
export async function requestBuild(db: Database, client: Client, request: BuildRequest): Promise<BuildResult> {
  const featureSet = await resolveSet(db, request.featureSet, request.label, request, request.processors)
  const definition = definitionHash(featureSet, request.label)
  const { snapshotId, asOf, dataset, label, origin, waiter } = request
  const input: BuildInput = {
    buildId: buildIdOf(definition, snapshotId, asOf),
    definitionHash: definition,
    snapshotId,
    ...(asOf === undefined ? {} : { asOf }),
    dataset,
    featureSet,
    label,
    origin,
  }
  const row = await findFeatureBuild(db, input.buildId)
  if (row !== undefined && (await isOutcome(db, client, row, request)))
    return { buildId: row.id, state: row.state, manifest: row.manifest, failure: row.failure }

  await client.workflow.signalWithStart('buildFeatures', {
    workflowId: featuresWorkflowId(definition, snapshotId, asOf),
    taskQueue: taskQueues.orchestration,
    args: [input],
    signal: 'awaitBuild',
    signalArgs: [{ workflowId: waiter }],
    memo: { bodySha256: origin.bodySha256 },
    typedSearchAttributes: [
      { key: searchAttributeKey('Dataset'), value: dataset },
      { key: searchAttributeKey('TriggeredBy'), value: origin.by },
    ],
    staticSummary: `features ${featureSet.name} of ${dataset}`,
  })
  return { buildId: input.buildId, state: row === undefined || row.endedAt !== null ? 'running' : row.state, manifest: null, failure: null }
}

async function isOutcome(db: Database, client: Client, row: FeatureBuild, { dataset, snapshotId, waiter }: BuildRequest): Promise<boolean> {
  if (row.state === 'ready' && row.asOf !== null) return true
  if (row.state === 'ready' && row.featureHash !== null)
    return await servesOnline(db, { dataset, featureHash: row.featureHash }, snapshotId)
  return await endedWhileWaiting(client, waiter, row.endedAt)
}
