import type { ObjectRef } from '#contracts/references.ts'
import { SessionErrors } from '#contracts/training.ts'
import { groupRows, type Panel } from '#domain/evaluation/panel.ts'
import type { Baselines } from '#domain/evaluation/registration-gate.ts'
import { squaredErrorsBySession } from '#domain/evaluation/session-errors.ts'
import { sessionOf } from '#domain/market/session-days.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { putJson } from '#storage/put-json.ts'

/** Stores the errors of the test segment session by session, for the run's report. */
export function keepSessionErrors(
  objects: ObjectStore,
  panel: Panel,
  candidate: Float64Array,
  baselines: Baselines<Float64Array>,
): Promise<ObjectRef> {
  const errorsOf = (forecast: Float64Array) => squaredErrorsBySession(panel, forecast)
  const errors = SessionErrors.parse({
    format: 1,
    sessions: [...groupRows(panel.sessions).keys()].map(sessionOf),
    candidate: errorsOf(candidate),
    baselines: { persistence: errorsOf(baselines.persistence), mean: errorsOf(baselines.mean), linear: errorsOf(baselines.linear) },
  } satisfies SessionErrors)
  return putJson(objects, errors)
}
