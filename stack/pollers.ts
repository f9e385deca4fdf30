import { Connection } from '@temporalio/client'
import type { TaskQueue } from '#contracts/task-queues.ts'

/** TASK_QUEUE_TYPE_ACTIVITY */
const activities = 2
/** DESCRIBE_TASK_QUEUE_MODE_ENHANCED: the plain mode sees the root of the queue's partitions only, where few pollers are */
const allPartitions = 1

/** A worker has no port to ask: it works when Temporal sees it poll. The SDKs name a worker `pid@host`. */
export async function assertPolls(temporal: { address: string; namespace: string }, taskQueue: TaskQueue, pid: number): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address, connectTimeout: '5 seconds' })
  try {
    const { versionsInfo } = await connection.workflowService.describeTaskQueue({
      namespace: temporal.namespace,
      taskQueue: { name: taskQueue },
      apiMode: allPartitions,
      taskQueueTypes: [activities],
      reportPollers: true,
    })
    const pollers = Object.values(versionsInfo ?? {}).flatMap((version) => version.typesInfo?.[activities]?.pollers ?? [])
    if (!pollers.some(({ identity }) => identity?.startsWith(`${pid}@`))) throw new Error(`process ${pid} does not poll ${taskQueue} yet`)
  } finally {
    await connection.close()
  }
}
