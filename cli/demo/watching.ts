/** What the supervisor has made of the sessions so far, asked from outside. */
import type { Alert, Monitor, MonitorKind, MonitorPoint, Retrain, SessionScore, Supervision } from '#contracts/supervision.ts'
import type { ApiClient } from '../client.ts'
import { everything } from './waiting.ts'

/** A monitor with all that it saw. */
export type Watched = { monitor: Monitor; points: MonitorPoint[] }

export type Watching = {
  supervision: Supervision
  /** by session, then forecaster */
  scores: SessionScore[]
  /** oldest first, as alerts and retrains are */
  monitors: Watched[]
  alerts: Alert[]
  retrains: Retrain[]
}

/** Everything. Points of data drift hold a figure for each feature: who only looks in may go `without` a kind's points. */
export async function readWatching(client: ApiClient, endpoint: string, without?: MonitorKind): Promise<Watching> {
  // first, so that all that was made of the sessions up to there is among the rest
  const supervision = await client.endpoints.supervision(endpoint)
  const [scores, monitors, alerts, retrains] = await Promise.all([
    everything((paging) => client.endpoints.scores(endpoint, paging)),
    everything((paging) => client.monitors.list({ endpoint, ...paging })),
    everything((paging) => client.alerts.list({ endpoint, ...paging })),
    everything((paging) => client.retrains.list({ endpoint, ...paging })),
  ])
  const watched = monitors.toReversed().map(async (monitor) => ({
    monitor,
    points: monitor.kind === without ? [] : await everything((paging) => client.monitors.points(monitor.id, paging)),
  }))
  return { supervision, scores, monitors: await Promise.all(watched), alerts: alerts.toReversed(), retrains: retrains.toReversed() }
}

export const isPersistence = (forecaster: string) => forecaster.startsWith('persistence/')
