import { proxyActivities } from '@temporalio/workflow'
import type { FeatureInspectionActivities } from '#activities/features.ts'
import type { DescribeFeaturesInput, DescribeFeaturesResult } from '#contracts/feature-statistics.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { inspection } from './proxies.ts'

const { describeFeatureBuild } = proxyActivities<FeatureInspectionActivities>({
  ...inspection,
  taskQueue: taskQueues.features,
  summary: 'every column of the build',
})

/** The statistics of a feature build, computed once and shared by all who ask for them. */
export async function describeFeatures(input: DescribeFeaturesInput): Promise<DescribeFeaturesResult> {
  return await describeFeatureBuild(input)
}
