/** What the supervisor has made of the sessions so far, asked from outside. */
import type { Alert, Monitor, MonitorPoint, Retrain, SessionScore, Supervision } from '#contracts/supervision.ts'
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

export async function readWatching(client: ApiClient, endpoint: string): Promise<Watching> {
  // scores first, so that what was made of each is among the rest
  const scores = await everything((paging) => client.endpoints.scores(endpoint, paging))
  const [supervision, monitors, alerts, retrains] = await Promise.all([
    client.endpoints.supervision(endpoint),
    everything((paging) => client.monitors.list({ endpoint, ...paging })),
    everything((paging) => client.alerts.list({ endpoint, ...paging })),
    everything((paging) => client.retrains.list({ endpoint, ...paging })),
  ])
  const watched = monitors.toReversed().map(async (monitor) => ({
    monitor,
    points: await everything((paging) => client.monitors.points(monitor.id, paging)),
  }))
  return { supervision, scores, monitors: await Promise.all(watched), alerts: alerts.toReversed(), retrains: retrains.toReversed() }
}

export const isPersistence = (forecaster: string) => forecaster.startsWith('persistence/')
