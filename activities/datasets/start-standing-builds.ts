import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { Logger } from '@temporalio/common'
import { canonicalJson } from '#contracts/canonical-json.ts'
import type { BuildInput, FeatureSet } from '#contracts/features.ts'
import { featuresWorkflowId, superviseWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import type { StandingBuild } from '#contracts/standing-builds.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import type { Recipe } from '#contracts/training.ts'
import type { Database } from '#db/client.ts'
import { findDataset } from '#db/queries/datasets.ts'
import { findFeatureBuild } from '#db/queries/feature-builds.ts'
import type { Follower } from '#db/queries/followers.ts'
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
 * @returns of `followers` the endpoints whose supervisors are nudged at the end of a build that was started here, for it
 * computes the features of their champions
 */
export async function startStandingBuilds(world: World, dataset: string, followers: readonly Follower[] = []): Promise<Set<string>> {
  const waiting = new Set<string>()
  const standing = await standingBuildsOf(world.db, dataset)
  if (standing.length === 0) return waiting
  const snapshotId = (await findDataset(world.db, dataset))?.headSnapshotId
  if (snapshotId == null) return waiting
  const place = { dataset, snapshotId }
  const needs = await Promise.all(
    followers.map(async ({ endpoint, recipe }) => ({ endpoint, definition: recipe && (await definitionOf(world, place, recipe)) })),
  )
  await Promise.all(
    standing.map(async (each) => {
      const definition = await definitionOf(world, place, each)
      if (definition === null) return
      const endpoints = needs.filter((need) => need.definition?.hash === definition.hash).map(({ endpoint }) => endpoint)
      if (await start(world, each, { ...definition, snapshotId }, endpoints)) for (const endpoint of endpoints) waiting.add(endpoint)
    }),
  )
  return waiting
}

type Wanted = Pick<Recipe, 'featureSet' | 'label'> & Partial<Pick<Recipe, 'processors' | 'universe'>>
type Definition = { featureSet: FeatureSet; hash: string }

/** Of today's engine, which may give another hash than the one that it was asked for with; null when it reads it no longer. */
async function definitionOf(
  { db, log }: World,
  place: { dataset: string; snapshotId: string },
  { featureSet: name, label, processors, universe }: Wanted,
): Promise<Definition | null> {
  try {
    const featureSet = await resolveSet(db, name, label, { ...place, universe }, processors)
    return { featureSet, hash: definitionHash(featureSet, label) }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    log.warn('a feature set that follows the dataset cannot be built', { dataset: place.dataset, featureSet: name, error })
    return null
  }
}

/** @returns whether it was started here, and will nudge the supervisors of `endpoints` */
async function start(
  { db, client }: World,
  { dataset, featureSet: name, label, universe }: StandingBuild,
  { featureSet, hash, snapshotId }: Definition & { snapshotId: string },
  endpoints: readonly string[],
): Promise<boolean> {
  const buildId = buildIdOf(hash, snapshotId)
  const row = await findFeatureBuild(db, buildId)
  const featureHash = row?.state === 'ready' ? row.featureHash : null
  // one that another dataset of equal content had built has not put this one's rows online
  if (featureHash !== null && (await servesOnline(db, { dataset, featureHash }, snapshotId))) return false
  const by = `dataset:${dataset}`
  const bodySha256 = sha256(canonicalJson({ dataset, features: name, label, universe }))
  const input: BuildInput = { buildId, definitionHash: hash, snapshotId, dataset, featureSet, label, origin: { by, bodySha256 } }
  try {
    await client.workflow.start('buildFeatures', {
      workflowId: featuresWorkflowId(hash, snapshotId),
      taskQueue: taskQueues.orchestration,
      args: [input, endpoints.map(superviseWorkflowId)],
      memo: { bodySha256 },
      typedSearchAttributes: [
        { key: searchAttributeKey('Dataset'), value: dataset },
        { key: searchAttributeKey('TriggeredBy'), value: by },
      ],
      staticSummary: `features ${name} of ${dataset}, which they follow`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      // the worker that tells of the landing takes the build's first task with it, which saves the way through the queue
      requestEagerStart: true,
    })
    return true
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return false
    throw error
  }
}
