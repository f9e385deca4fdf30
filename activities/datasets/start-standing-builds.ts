import type { Client } from '@temporalio/client'
import type { Logger } from '@temporalio/common'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { BuildInput } from '#contracts/features.ts'
import { featuresWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import type { StandingBuild } from '#contracts/standing-builds.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Database } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import { resolveSet } from '#db/queries/feature-sets.ts'
import { servesOnline } from '#db/queries/online-features.ts'
import { standingBuildsOf } from '#db/queries/standing-builds.ts'
import { DomainError } from '#domain/domain-error.ts'
import { buildIdOf, definitionHash } from '#domain/features/definitions.ts'
import { sha256 } from '#domain/sha256.ts'

type World = { db: Database; client: Client; log: Logger }

/**
 * Starts the builds that follow a dataset, on its head. One that is ready or runs is left to itself, so that starting
 * twice does no harm. A definition that this program no longer reads is told in the log: the snapshot has landed all the same.
 */
export async function startStandingBuilds(world: World, dataset: string): Promise<void> {
  const standing = await standingBuildsOf(world.db, dataset)
  if (standing.length === 0) return
  const head = (await findDataset(world.db, dataset))?.headSnapshotId
  if (head == null) return
  await Promise.all(
    standing.map(async (each) => {
      try {
        await start(world, each, head)
      } catch (error) {
        if (!(error instanceof DomainError)) throw error
        world.log.warn('a feature set that follows the dataset cannot be built', { dataset, featureSet: each.featureSet, error })
      }
    }),
  )
}

async function start(
  { db, client }: World,
  { dataset, featureSet: name, label, universe }: StandingBuild,
  snapshotId: string,
): Promise<void> {
  const featureSet = await resolveSet(db, name, label, { dataset, snapshotId, universe })
  // of today's engine, which may give another hash than the one that it was asked for with
  const definition = definitionHash(featureSet, label)
  const buildId = buildIdOf(definition, snapshotId)
  const row = await findFeatureBuild(db, buildId)
  const featureHash = row?.state === 'ready' ? row.featureHash : null
  // one that another dataset of equal content had built has not put this one's rows online
  if (featureHash !== null && (await servesOnline(db, { dataset, featureHash }, snapshotId))) return
  const by = `dataset:${dataset}`
  const bodySha256 = sha256(canonicalJson({ dataset, features: name, label, universe }))
  const input: BuildInput = { buildId, definitionHash: definition, snapshotId, dataset, featureSet, label, origin: { by, bodySha256 } }
  await client.workflow.start('buildFeatures', {
    workflowId: featuresWorkflowId(definition, snapshotId),
    taskQueue: taskQueues.orchestration,
    args: [input],
    memo: { bodySha256 },
    typedSearchAttributes: [
      { key: searchAttributeKey('Dataset'), value: dataset },
      { key: searchAttributeKey('TriggeredBy'), value: by },
    ],
    staticSummary: `features ${name} of ${dataset}, which they follow`,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    // the worker that tells of the landing takes the build's first task with it, which saves the way through the queue
    requestEagerStart: true,
  })
}
