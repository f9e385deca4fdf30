import type { ExamineQualityInput, ExamineQualityResult } from '#contracts/quality.ts'
import type { Database } from '#db/client.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { heartbeating } from './heartbeating.ts'
import { examineSnapshot } from './quality/examine-snapshot.ts'

/** Reads every bar of a snapshot, so that it belongs to the features queue. */
export const createQualityActivities = ({ db, objects }: { db: Database; objects: ObjectStore }) => ({
  /** @throws QuantloopError snapshot_not_found | object_missing | object_corrupt | unavailable */
  examineSnapshot: (input: ExamineQualityInput): Promise<ExamineQualityResult> =>
    heartbeating((cancelled) => examineSnapshot({ db, objects }, input, cancelled)),
})

export type QualityActivities = ReturnType<typeof createQualityActivities>
