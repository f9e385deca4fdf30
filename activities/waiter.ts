import type { Client } from '@temporalio/client'

/**
 * Whether shared work that ended at `endedAt` ended while this waiter was there: then the waiter asked for it, and its
 * failure is the answer; an older failure is tried again.
 */
export async function endedWhileWaiting(client: Client, waiter: string, endedAt: string | null): Promise<boolean> {
  if (endedAt === null) return false
  const { startTime } = await client.workflow.getHandle(waiter).describe()
  return Date.parse(endedAt) >= startTime.getTime()
}
