/** The statistics of a build: read where they are known, else computed by a workflow that all who ask for them share. */
import { QuantloopError } from '#contracts/errors.ts'
import { type DescribeFeaturesInput, type DescribeFeaturesResult, FeatureStatistics } from '#contracts/feature-statistics.ts'
import { featureStatisticsWorkflowId } from '#contracts/ids.ts'
import { searchAttributeKey } from '#contracts/search-attributes.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { findFeatureStatistics } from '#db/queries/feature-statistics.ts'
import { statisticsVersion } from '#domain/features/statistics-version.ts'
import type { AppDependencies } from './dependencies.ts'

/** Some seconds for a million rows of Alpha158; who waits longer asks again and joins what goes on. */
const describedMs = 120_000

/** @throws QuantloopError conflict | object_missing | object_corrupt | unavailable */
export async function statisticsOf(
  { db, temporal, objects }: Pick<AppDependencies, 'db' | 'temporal' | 'objects'>,
  { id, dataset }: { id: string; dataset: string },
): Promise<FeatureStatistics> {
  const known = await findFeatureStatistics(db, { buildId: id, engineVersion: statisticsVersion })
  const ref = known ?? (await describe(temporal, { buildId: id }, dataset)).report
  const read = FeatureStatistics.safeParse(JSON.parse(new TextDecoder().decode(await objects.get(ref))))
  if (!read.success)
    throw new QuantloopError('object_corrupt', `${ref.uri} holds no statistics that this program reads`, { object: ref.uri })
  return read.data
}

const describe = (temporal: AppDependencies['temporal'], input: DescribeFeaturesInput, dataset: string): Promise<DescribeFeaturesResult> =>
  temporal.withDeadline(Date.now() + describedMs, () =>
    temporal.workflow.execute<(input: DescribeFeaturesInput) => Promise<DescribeFeaturesResult>>('describeFeatures', {
      workflowId: featureStatisticsWorkflowId(input.buildId),
      taskQueue: taskQueues.orchestration,
      args: [input],
      typedSearchAttributes: [{ key: searchAttributeKey('Dataset'), value: dataset }],
      staticSummary: `statistics of a feature build of ${dataset}`,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  )
