import type { Trace, TraceInput } from '#contracts/predictions.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { heartbeating } from './heartbeating.ts'
import { verifyPrediction } from './trace/verify-prediction.ts'

/** Re-reading a prediction's whole history; the store is read past the cache, so large snapshots take their time. */
export const createTraceActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  /** @throws QuantloopError not_found | object_missing | unavailable */
  verifyPrediction: ({ predictionId }: TraceInput): Promise<Trace> =>
    heartbeating((cancelled) => verifyPrediction(db, objects, predictionId, cancelled)),
})

export type TraceActivities = ReturnType<typeof createTraceActivities>
