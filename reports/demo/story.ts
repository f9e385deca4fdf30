/** What the demo's report is made of: plain data, all of it from the API. */
import type { Deployment, EndpointSpell } from '#contracts/deployments.ts'
import type { Trace } from '#contracts/predictions.ts'
import type { Alert, Monitor, MonitorPoint, Retrain, SessionScore } from '#contracts/supervision.ts'
import type { TrainingRun } from '#contracts/training.ts'

type Version = { name: string; version: number }

/** Requests of the demo's own clients: how many each version answered. */
export type LoadCount = { seconds: number; replicas: number; requests: number; failed: number; versions: Record<string, number> }

export type DemoStory = {
  endpoint: string
  snapshot: { id: string; symbols: number; rows: number }
  /** the first champion's run, and that of the label that nobody can predict */
  champion: TrainingRun
  refused: TrainingRun
  replay: { from: string; to: string; sessions: number; predictions: number; meanSeconds: number; slowestSeconds: number }
  /** by session, then forecaster */
  scores: readonly SessionScore[]
  /** oldest first, as everything below */
  monitors: readonly { monitor: Monitor; points: readonly MonitorPoint[] }[]
  alerts: readonly Alert[]
  retrains: readonly Retrain[]
  deployments: readonly Deployment[]
  history: readonly EndpointSpell[]
  promotion: { deploymentId: string | null; revision: number | null; reason: string | null; load: LoadCount | null }
  rollback: { deploymentId: string; from: Version; to: Version; milliseconds: number; load: LoadCount }
  trace: Trace
}

export const versionName = ({ name, version }: Version) => `${name}@${version}`
