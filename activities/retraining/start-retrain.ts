import { FeatureBuildManifest } from '#contracts/features.ts'
import { QuantloopError } from '#contracts/errors.ts'
import type { ObjectRef } from '#contracts/references.ts'
import type { Retrain } from '#contracts/supervision.ts'
import type { Database } from '#db/client.ts'
import { openRetrain, type RetrainStart } from '#db/commands/open-retrain.ts'
import { readAlarms } from '#db/queries/situation.ts'
import { findSupervision } from '#db/queries/supervisions.ts'
import { eligibleAlarm } from '#domain/supervision/eligible-alarm.ts'
import type { ObjectStore } from '#storage/object-store.ts'
import { readJson } from '../training/read-json.ts'
import { policyOf } from './policy.ts'

/** `ids` are those that callers were told of; `wish` is there when somebody asked for a retrain. */
export type RetrainRequest = {
  endpoint: string
  build: { id: string; manifest: ObjectRef }
  ids: { retrainId: string; runId: string }
  wish: { by: string } | null
}

export type StartedRetrain = { id: string; runId: string; trigger: Retrain['trigger']; session: string }

/**
 * Starts the retrain that is due: that of the earliest eligible alarm, else of somebody's wish, which ignores the
 * cooldown. Null when nothing is due. One that is in flight is answered instead of a second.
 */
export async function startRetrain(
  { db, objects }: { db: Database; objects: ObjectStore },
  { endpoint, build, ids, wish }: RetrainRequest,
): Promise<StartedRetrain | null> {
  const supervision = await findSupervision(db, endpoint)
  if (supervision?.champion == null || supervision.processedThrough === null)
    throw new QuantloopError('not_found', `nothing supervises the endpoint ${endpoint}`, { endpoint })
  const { policy, champion, processedThrough } = supervision
  const { waiting, lastStarted } = await readAlarms(db, endpoint, policy.retrainOn)
  const { sessions: calendar } = await readJson(objects, build.manifest, FeatureBuildManifest, 'feature build')
  const alarm = eligibleAlarm(waiting, { lastStarted, cooldownSessions: policy.cooldownSessions, calendar })
  if (alarm === undefined && wish === null) return null
  const due: Pick<RetrainStart, 'trigger' | 'alertId' | 'session' | 'requestedBy'> =
    alarm === undefined
      ? { trigger: 'manual', alertId: null, session: processedThrough, requestedBy: wish!.by }
      : { trigger: alarm.kind, alertId: alarm.id, session: alarm.session, requestedBy: policyOf(endpoint) }
  const row = await openRetrain(db, { id: ids.retrainId, runId: ids.runId, endpoint, champion, ...due })
  return { id: row.id, runId: row.runId, trigger: row.trigger, session: row.session }
}
