import { proxyActivities } from '@temporalio/workflow'
import type { FeatureComputeActivities } from '#activities/features.ts'
import type { CheckFeaturesInput, CheckFeaturesResult } from '#contracts/feature-checks.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { inspection } from './proxies.ts'

const { checkFeatureBuild } = proxyActivities<FeatureComputeActivities>({
  ...inspection,
  taskQueue: taskQueues.features,
  summary: 'look-ahead, warm-up, leaks of the label',
})

/** Whether the features of a build can be trusted, found once and shared by all who ask the same. */
export async function checkFeatures(input: CheckFeaturesInput): Promise<CheckFeaturesResult> {
  return await checkFeatureBuild(input)
}
