import { Context } from '@temporalio/activity'

const heartbeatMs = 1_000

/**
 * The frame of long work that a pause may interrupt: it heartbeats while `work` runs, and says to its workflow when it
 * was paused, or began again, by Temporal's own activity pause. `work` gives up when the signal aborts; what it did
 * must be safe to do again.
 */
export async function interruptible<T>(work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current()
  const beat = setInterval(() => context.heartbeat(), heartbeatMs)
  context.heartbeat()
  try {
    if (context.info.attempt > 1) await tell(false)
    return await work(context.cancellationSignal)
  } catch (error) {
    if (context.cancellationDetails?.paused) await tell(true)
    throw error
  } finally {
    clearInterval(beat)
  }
}

/** Best effort: the pause holds whether or not the workflow hears of it. */
async function tell(paused: boolean): Promise<void> {
  const { client, info, log } = Context.current()
  if (info.workflowExecution === undefined) return
  const { workflowId, runId } = info.workflowExecution
  try {
    await client.withDeadline(Date.now() + 2_000, () =>
      client.workflow.getHandle(workflowId, runId).signal('nativePause', { paused, attempt: info.attempt }),
    )
  } catch (error) {
    log.warn('the workflow could not be told of the activity pause', { paused, error })
  }
}
