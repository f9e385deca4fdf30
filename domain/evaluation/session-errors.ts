import { mean } from './correlation.ts'
import { groupRows, type Panel } from './panel.ts'

/** `loss` is the mean squared error over the session's rows, `bias` their mean of forecast − label; `day` counts from 1970-01-01. */
export type SessionError = { day: number; loss: number; bias: number; rows: number }

/** One forecaster's errors session by session, ascending. */
export const errorsBySession = (panel: Panel, forecast: Float64Array): SessionError[] =>
  [...groupRows(panel.sessions)].map(([day, rows]) => {
    const errors = rows.map((row) => forecast[row]! - panel.labels[row]!)
    return { day, loss: mean(errors.map((error) => error * error)), bias: mean(errors), rows: rows.length }
  })

/** The mean squared error of each session over its rows, sessions ascending. */
export const squaredErrorsBySession = (panel: Panel, forecast: Float64Array): number[] =>
  errorsBySession(panel, forecast).map(({ loss }) => loss)
