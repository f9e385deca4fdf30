import { CanaryLoad } from '../canary-load.ts'
import { type Chapter, type Draft, told } from '../chapter.ts'
import { Narrator } from '../narrator.ts'
import { type Replayed, replaySessions } from '../replay-sessions.ts'
import * as scenario from '../scenario.ts'
import { isSettled } from '../settled-supervision.ts'
import { settled } from '../waiting.ts'
import { readWatching, type Watching } from '../watching.ts'

/** A look asks the API some ten times, beside all that it has to do for the replay. */
const lookEveryMs = 1_500

/** Market time advances by real sessions, one by one; the supervisor does the rest by itself. */
export const replay: Chapter = {
  name: 'replay',
  title: `Replay the real sessions of ${scenario.replay.from} to ${scenario.replay.through}, and watch the supervisor`,
  async tell({ client, replicas, draft, say }) {
    const place = told(draft.place)
    const narrator = new Narrator(say)
    const load = new CanaryLoad(replicas, place.endpoint)
    const look = async () => {
      const watching = await readWatching(client, place.endpoint, 'data-drift')
      narrator.tell(watching)
      await load.follow(watching)
      return watching
    }
    let pace: 'replaying' | 'over' | 'broken' = 'replaying'
    const released = replaySessions(client, replicas, place).then(
      (sessions) => ((pace = 'over'), sessions),
      (error: unknown) => ((pace = 'broken'), Promise.reject(error)),
    )
    try {
      // whoever watches does not hold the market up
      const isOver = (seen: Watching) => pace === 'broken' || (pace === 'over' && isSettled(seen))
      const [sessions] = await Promise.all([released, settled(look, isOver, undefined, lookEveryMs)])
      const watching = await readWatching(client, place.endpoint)
      Object.assign(draft, { watching, canaryLoads: load.counts, ...factsOf(sessions, watching) } satisfies Draft)
      return summaryOf(told(draft.replay), watching)
    } finally {
      await load.end()
    }
  },
}

function factsOf(sessions: readonly Replayed[], { scores, monitors, alerts, retrains }: Watching) {
  const seconds = sessions.map((session) => session.seconds).sort((a, b) => a - b)
  return {
    replay: {
      from: told(sessions[0]).session,
      to: told(sessions.at(-1)).session,
      sessions: sessions.length,
      predictions: sessions.length * scenario.symbols.length,
      meanSeconds: seconds.reduce((total, value) => total + value, 0) / seconds.length,
      medianSeconds: told(seconds[seconds.length >> 1]),
      slowestSeconds: told(seconds.at(-1)),
    },
    scores,
    drift: {
      decay: monitors.filter(({ monitor }) => monitor.kind === 'decay'),
      data: monitors.filter(({ monitor }) => monitor.kind === 'data-drift'),
    },
    alerts,
    retrain: retrains.map(({ runId, session, verdict, state, reason, challenger, deploymentId, looks }) => ({
      runId,
      session,
      verdict,
      state,
      reason,
      challenger,
      deploymentId,
      evidence: looks,
    })),
  }
}

function summaryOf(
  { sessions, meanSeconds, medianSeconds, slowestSeconds }: NonNullable<Draft['replay']>,
  { alerts, retrains }: Watching,
): string {
  return [
    `${sessions} real sessions, ${meanSeconds.toFixed(2)} s each (median ${medianSeconds.toFixed(2)} s, slowest ${slowestSeconds.toFixed(2)} s)`,
    `${alerts.length} alerts`,
    ...retrains.map(({ session, state, verdict }) => `challenger of ${session}: ${verdict ?? state}`),
  ].join('; ')
}
