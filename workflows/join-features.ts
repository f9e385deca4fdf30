import { proxyActivities } from '@temporalio/workflow'
import type { FeatureInspectionActivities } from '#activities/features.ts'
import type { FeatureJoinInput, FeatureJoinResult } from '#contracts/feature-joins.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { inspection } from './proxies.ts'

const { joinFeatureBuild } = proxyActivities<FeatureInspectionActivities>({
  ...inspection,
  taskQueue: taskQueues.features,
  summary: 'rows that were known at given times',
})

/** The feature rows that were known at given times. */
export async function joinFeatures(input: FeatureJoinInput): Promise<FeatureJoinResult> {
  return await joinFeatureBuild(input)
}
