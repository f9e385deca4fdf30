import { proxyActivities } from '@temporalio/workflow'
import type { QualityActivities } from '#activities/quality.ts'
import type { ExamineQualityInput, ExamineQualityResult } from '#contracts/quality.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { interruptible } from './proxies.ts'

const { examineSnapshot } = proxyActivities<QualityActivities>({
  ...interruptible,
  taskQueue: taskQueues.features,
  startToCloseTimeout: '1 hour',
  summary: 'every bar of the snapshot, symbol by symbol',
})

/** The quality report of a snapshot, computed once and shared by all who ask for it. */
export async function examineQuality(input: ExamineQualityInput): Promise<ExamineQualityResult> {
  return await examineSnapshot(input)
}
