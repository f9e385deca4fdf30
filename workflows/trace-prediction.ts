import { proxyActivities } from '@temporalio/workflow'
import type { TraceActivities } from '#activities/trace.ts'
import type { Trace, TraceInput } from '#contracts/predictions.ts'
import { taskQueues } from '#contracts/task-queues.ts'
import { interruptible } from './proxies.ts'

const { verifyPrediction } = proxyActivities<TraceActivities>({
  ...interruptible,
  taskQueue: taskQueues.orchestration,
  startToCloseTimeout: '30 minutes',
  summary: 'every object read and hashed again, features and prediction computed again',
})

/** Follows one prediction back to the bytes that it came from. */
export async function tracePrediction(input: TraceInput): Promise<Trace> {
  return await verifyPrediction(input)
}
