import { proxyActivities } from '@temporalio/workflow'
import type { OrderActivities } from '#activities/orders.ts'
import type { ApplyCommandInput } from '#contracts/orders.ts'
import { atomic } from './proxies.ts'

const { applyOrder } = proxyActivities<OrderActivities>({ ...atomic, summary: 'the change, and its audit row' })

/** A change that no running process is there to take. Its id derives from the command's, so that it is applied once. */
export async function applyCommand(input: ApplyCommandInput): Promise<void> {
  await applyOrder(input)
}
