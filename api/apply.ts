import type { ApplyCommandInput, Order } from '#contracts/orders.ts'
import { commandWorkflowId } from '#contracts/ids.ts'
import type { AppDependencies } from './dependencies.ts'
import type { AcceptedRequest } from './idempotency.ts'
import { startOnce } from './runs.ts'

/** How long a worker may take to apply a change before the caller is told to repeat it. */
const appliedMs = 10_000

/**
 * Has a change applied that no running process is there to take. The same request is applied once, and a repeat of it is
 * answered like the first.
 * @throws QuantloopError whatever the change is refused with, or unavailable
 */
export async function apply(
  { temporal }: Pick<AppDependencies, 'temporal'>,
  order: Order,
  { reason }: { reason?: string | undefined },
  request: AcceptedRequest,
): Promise<void> {
  const { id, origin } = request
  const input: ApplyCommandInput = { order, command: { commandId: id, by: origin.by, ...(reason === undefined ? {} : { reason }) } }
  const workflowId = commandWorkflowId(id)
  await startOnce(temporal, { type: 'applyCommand', workflowId, input, request })
  await temporal.withDeadline(Date.now() + appliedMs, () => temporal.workflow.getHandle(workflowId).result())
}
