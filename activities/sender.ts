import { Context } from '@temporalio/activity'

export type SignalOrdinal = { name: string; ordinal: number }

/**
 * Who sent the nth signal of a name to this run, or asked to cancel it, as far as its history tells: the identity that
 * the Temporal UI or CLI gave. A signal carries no sender into the workflow itself.
 */
export async function senderOf(sought: SignalOrdinal): Promise<string | undefined> {
  const { client, info } = Context.current()
  if (info.workflowExecution === undefined) return undefined
  const { workflowId, runId } = info.workflowExecution
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory()
  const identities = (events ?? []).flatMap(
    ({ workflowExecutionSignaledEventAttributes: signal, workflowExecutionCancelRequestedEventAttributes: cancel }) => {
      if (sought.name === 'cancel') return cancel == null ? [] : [cancel.identity]
      return signal?.signalName === sought.name ? [signal.identity] : []
    },
  )
  return identities[sought.ordinal - 1] || undefined
}
