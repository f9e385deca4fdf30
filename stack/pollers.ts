import { Connection } from '@temporalio/client'
import type { TaskQueue } from '#contracts/task-queues.ts'

/** TASK_QUEUE_TYPE_ACTIVITY */
const activities = 2

/** A worker has no port to ask: it works when Temporal sees it poll. The SDKs name a worker `pid@host`. */
export async function assertPolls(temporal: { address: string; namespace: string }, taskQueue: TaskQueue, pid: number): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address, connectTimeout: '5 seconds' })
  try {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: activities,
    })
    if (!pollers?.some(({ identity }) => identity?.startsWith(`${pid}@`))) throw new Error(`process ${pid} does not poll ${taskQueue} yet`)
  } finally {
    await connection.close()
  }
}
