/**
 * Cross-sectional skill by session, as Qlib's `calc_ic` (qlib/contrib/eva/alpha.py): IC is Pearson's correlation of
 * forecast and label across the symbols of one session, RankIC is Spearman's. The means are over sessions; the ratios
 * ICIR and RankICIR are mean over sample standard deviation (n − 1), as Qlib's `SigAnaRecord`. Sessions in which a
 * correlation does not exist (one symbol, or no variation) are left out, as pandas does.
 */
import { mean, pearson, spearman } from './correlation.ts'
import { groupRows, type Panel, take } from './panel.ts'

export type SessionCorrelations = { sessions: number[]; ic: number[]; rankIc: number[] }

/** One entry a session, ascending; NaN where it does not exist. */
export function correlationsBySession(panel: Panel, forecast: Float64Array): SessionCorrelations {
  const groups = [...groupRows(panel.sessions)]
  const pairs = groups.map(([, rows]) => [take(forecast, rows), take(panel.labels, rows)] as const)
  return {
    sessions: groups.map(([session]) => session),
    ic: pairs.map(([forecasts, labels]) => pearson(forecasts, labels)),
    rankIc: pairs.map(([forecasts, labels]) => spearman(forecasts, labels)),
  }
}

export type CoefficientSummary = { mean: number | null; ratio: number | null }

export function summarise(coefficients: readonly number[]): CoefficientSummary {
  const known = coefficients.filter(Number.isFinite)
  if (known.length === 0) return { mean: null, ratio: null }
  const centre = mean(known)
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (known.length - 1))
  return { mean: centre, ratio: deviation > 0 ? centre / deviation : null }
}
