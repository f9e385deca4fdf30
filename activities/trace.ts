import { Context } from '@temporalio/activity'
import type { Trace, TraceInput } from '#contracts/predictions.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { verifyPrediction } from './trace/verify-prediction.ts'

/** Re-reading a prediction's whole history; the store is read past the cache, so large snapshots take their time. */
export const createTraceActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  /** @throws QuantloopError not_found | object_missing | unavailable */
  verifyPrediction: async ({ predictionId }: TraceInput): Promise<Trace> => {
    const context = Context.current()
    const beat = setInterval(() => context.heartbeat(), 1_000)
    try {
      return await verifyPrediction(db, objects, predictionId, context.cancellationSignal)
    } finally {
      clearInterval(beat)
    }
  },
})

export type TraceActivities = ReturnType<typeof createTraceActivities>
