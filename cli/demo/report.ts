import type { GateReading } from '#contracts/deployments.ts'
import type { Trace } from '#contracts/predictions.ts'
import type { Alert, ChallengeLook, SessionScore } from '#contracts/supervision.ts'
import type { Comparison, ForecastMetrics } from '#contracts/training.ts'
import type { Version } from './chapter.ts'
import type { LoadCount } from './outside-load.ts'
import type { Place } from './place.ts'
import type { Watched } from './watching.ts'

/** What `quantloop demo --json FILE` writes. */
export type DemoReport = {
  place: Place
  snapshot: { id: string; symbols: number; rows: number }
  featureBuild: { id: string; rows: number; columns: number; seconds: number; cacheHitRatio: number }
  trainingRun: {
    id: string
    model: string
    metrics: ForecastMetrics
    baselines: Record<string, ForecastMetrics>
    comparisons: Comparison[]
    onnxSha256: string
    rounds: number
    iterationsExecuted: number
    resumedFromRound: number
    pausedSeconds: number
  }
  /** the run that used the freed slot while the first was paused; its version is the first champion */
  guest: { runId: string; model: string; rounds: number }
  refused: { runId: string; reason: string }
  deployment: { id: string; strategy: string; revision: number }
  predictions: { predictionId: string; symbol: string; session: string; value: number; modelVersion: number }[]
  /** real bars, released one session at a time; seconds are from asking for a session to the answers that know it */
  replay: {
    from: string
    to: string
    sessions: number
    predictions: number
    meanSeconds: number
    medianSeconds: number
    slowestSeconds: number
  }
  /** each forecaster's error in each session */
  scores: SessionScore[]
  /** what the monitors saw: of the losses, and of the features */
  drift: { decay: Watched[]; data: Watched[] }
  alerts: Alert[]
  retrain: {
    runId: string
    session: string
    verdict: 'better' | 'worse' | 'inconclusive' | null
    state: string
    reason: string | null
    challenger: Version | null
    deploymentId: string | null
    evidence: ChallengeLook[]
  }[]
  /** the last one by the policy; null with the reason where the data refused every challenger */
  promotion: {
    deploymentId: string | null
    revision: number | null
    model: Version | null
    reason: string | null
    gates: GateReading[]
    load: LoadCount | null
  }
  /** milliseconds are from sending the command to the last answer of the version that went */
  rollback: {
    deploymentId: string
    from: Version
    to: Version
    revision: number
    milliseconds: number
    load: LoadCount
    redeployment: { deploymentId: string; revision: number }
  }
  /** of a prediction of the version that answers in the end */
  trace: Trace
  /** the page, as a path */
  report: string
  steps: { name: string; seconds: number }[]
}
