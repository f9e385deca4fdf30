import { type ActivityOptions, proxyActivities } from '@temporalio/workflow'
import { taskQueues } from '#contracts/task-queues.ts'
import type { FitInput, FitResult } from '#contracts/training.ts'

/** A short side effect: it runs to its end, and again if its worker died. */
export const atomic: ActivityOptions = {
  taskQueue: taskQueues.orchestration,
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '500 milliseconds', backoffCoefficient: 1.5, maximumInterval: '5 seconds' },
}

/**
 * Long work that heartbeats and goes on from its own checkpoint. A pause cancels it and waits until it has closed, so
 * that "paused" means a free worker slot. Attempts are uncapped, for Temporal's own activity pause counts as one.
 */
export const interruptible: ActivityOptions = {
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '5 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '1 second', backoffCoefficient: 1 },
}

/** Work that only looks: stopped by cancelling its workflow, and begun anew when its worker dies. */
export const inspection: ActivityOptions = { ...interruptible, taskQueue: taskQueues.orchestration, startToCloseTimeout: '6 hours' }

/** The trainer's one activity, in Python. */
export const trainer = proxyActivities<{ fitModel(input: FitInput): Promise<FitResult> }>({
  ...interruptible,
  taskQueue: taskQueues.trainerCpu,
  summary: 'fit in the trainer',
})
