import { proxyActivities } from '@temporalio/workflow'
import type { FeatureInspectionActivities } from '#activities/features.ts'
import type { FeatureExportInput, FeatureExportResult } from '#contracts/feature-exports.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { inspection } from './proxies.ts'

const { exportFeatureBuild } = proxyActivities<FeatureInspectionActivities>({
  ...inspection,
  taskQueue: taskQueues.features,
  summary: 'rows into one file',
})

/** The rows of a feature build as one file in the object store. */
export async function exportFeatures(input: FeatureExportInput): Promise<FeatureExportResult> {
  return await exportFeatureBuild(input)
}
