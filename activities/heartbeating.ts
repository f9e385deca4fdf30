import { Context } from '@temporalio/activity'

const heartbeatMs = 1_000

/** The frame of long work that nobody pauses: it heartbeats while `work` runs, which gives up when the signal aborts. */
export async function heartbeating<T>(work: (cancelled: AbortSignal) => Promise<T>): Promise<T> {
  const context = Context.current()
  const beat = setInterval(() => context.heartbeat(), heartbeatMs)
  try {
    return await work(context.cancellationSignal)
  } finally {
    clearInterval(beat)
  }
}
