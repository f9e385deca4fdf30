import type { Comparison, ForecastMetrics } from '#contracts/training.ts'
import type { Trace } from '#contracts/predictions.ts'

/** What `quantloop demo --json FILE` writes. */
export type DemoReport = {
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
  /** the run that used the freed slot while the first was paused */
  guest: { runId: string; model: string; rounds: number }
  refused: { runId: string; reason: string }
  deployment: { id: string; strategy: string; revision: number }
  predictions: { predictionId: string; symbol: string; session: string; value: number; modelVersion: number }[]
  trace: Trace
  steps: { name: string; seconds: number }[]
}
