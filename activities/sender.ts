import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'

export type SignalOrdinal = { name: string; ordinal: number }

/**
 * Who sent the nth signal of a name to this run, or asked to cancel it, as far as its history tells: the identity that
 * the Temporal UI or CLI gave. A signal carries no sender into the workflow itself.
 */
export async function senderOf(client: Client, sought: SignalOrdinal): Promise<string | undefined> {
  const { workflowExecution } = Context.current().info
  if (workflowExecution === undefined) return undefined
  const { events } = await client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId).fetchHistory()
  const identities = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal, workflowExecutionCancelRequestedEventAttributes: cancel }) => {
    if (sought.name === 'cancel') return cancel == null ? [] : [cancel.identity]
    return signal?.signalName === sought.name ? [signal.identity] : []
  })
  return identities[sought.ordinal - 1] || undefined
}
