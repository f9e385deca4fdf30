/**
 * How good one forecaster was on a panel. Squared errors are in the label's units squared; bias is mean(label −
 * forecast), so it is positive when the forecasts were too low. Which figures are there follows from the label's kind:
 * a cross-sectional coefficient of a time-series label would only rank the symbols' levels.
 */
import { mean, pearson } from './correlation.ts'
import { correlationsBySession, summarise } from './information-coefficient.ts'
import { groupRows, type Panel, take } from './panel.ts'

export type LabelKind = 'time-series' | 'cross-sectional'

export type ForecastMetrics = {
  rows: number
  sessions: number
  meanSquaredError: number
  bias: number
  /** 1 − MSE / MSE of persistence */
  skill: number | null
  /** mean over symbols of the correlation over time */
  symbolCorrelation: number | null
  informationCoefficient: number | null
  rankInformationCoefficient: number | null
  informationRatio: number | null
  rankInformationRatio: number | null
}

export function forecastMetrics(panel: Panel, kind: LabelKind, forecast: Float64Array, persistence: Float64Array): ForecastMetrics {
  const error = meanSquaredError(panel.labels, forecast)
  const judged = {
    rows: panel.labels.length,
    sessions: new Set(panel.sessions).size,
    meanSquaredError: error,
    bias: mean(panel.labels.map((label, row) => label - forecast[row]!)),
  }
  switch (kind) {
    case 'time-series': {
      const naive = meanSquaredError(panel.labels, persistence)
      return {
        ...judged,
        skill: naive > 0 ? 1 - error / naive : null,
        symbolCorrelation: symbolCorrelation(panel, forecast),
        informationCoefficient: null,
        rankInformationCoefficient: null,
        informationRatio: null,
        rankInformationRatio: null,
      }
    }
    case 'cross-sectional': {
      const { ic, rankIc } = correlationsBySession(panel, forecast)
      const plain = summarise(ic)
      const ranked = summarise(rankIc)
      return {
        ...judged,
        skill: null,
        symbolCorrelation: null,
        informationCoefficient: plain.mean,
        rankInformationCoefficient: ranked.mean,
        informationRatio: plain.ratio,
        rankInformationRatio: ranked.ratio,
      }
    }
    default:
      return kind satisfies never
  }
}

function meanSquaredError(labels: Float64Array, forecast: Float64Array): number {
  return mean(labels.map((label, row) => (label - forecast[row]!) ** 2))
}

function symbolCorrelation(panel: Panel, forecast: Float64Array): number | null {
  const each = [...groupRows(panel.symbols).values()].map((rows) => pearson(take(forecast, rows), take(panel.labels, rows)))
  const known = each.filter(Number.isFinite)
  return known.length === 0 ? null : mean(known)
}
