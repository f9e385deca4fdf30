import type { Retrain } from '#contracts/supervision.ts'
import * as scenario from './scenario.ts'
import { isPersistence, type Watching } from './watching.ts'

/**
 * Nothing more will happen without another session: every label that can be known is scored, the champion's losses are
 * watched to the end, no alarm waits for its retrain, and no retrain is under way but those that wait for sessions which
 * never come.
 */
export function isSettled(watching: Watching): boolean {
  const { supervision, monitors, retrains } = watching
  if (supervision.endedAt !== null) throw new Error(`the supervision ended as ${supervision.state}: ${supervision.failure ?? ''}`)
  const watched = monitors.some(
    ({ monitor, points }) =>
      monitor.kind === 'decay' &&
      monitor.model.name === supervision.champion?.name &&
      monitor.model.version === supervision.champion.version &&
      (points.at(-1)?.session ?? monitor.after) >= scenario.replay.lastLabelled,
  )
  return watched && !alarmWaits(watching) && retrains.every((retrain) => retrain.endedAt !== null || waitsForSessions(watching, retrain))
}

/** An alarm past the cooldown of the last retrain, which has none of its own yet. */
function alarmWaits(watching: Watching): boolean {
  const { supervision, alerts, retrains } = watching
  const { retrainOn, cooldownSessions } = supervision.policy
  const last = retrains.at(-1)?.session
  const alarms = alerts.filter(({ kind }) => (retrainOn as readonly string[]).includes(kind))
  return alarms.some(({ session }) => last === undefined || sessionsBetween(watching, last, session) > cooldownSessions)
}

const waitsForSessions = (watching: Watching, { state, session, looks }: Retrain): boolean => {
  const { firstLook, lookEvery } = watching.supervision.policy.challenge
  const judgedOn = sessionsBetween(watching, session, scenario.replay.through)
  return state === 'challenging' && judgedOn < firstLook + looks.length * lookEvery
}

/** Sessions with a score after the one, up to the other. */
const sessionsBetween = ({ scores }: Watching, after: string, to: string): number =>
  new Set(
    scores
      .filter(({ session, forecaster }) => !isPersistence(forecaster) && session > after && session <= to)
      .map(({ session }) => session),
  ).size
