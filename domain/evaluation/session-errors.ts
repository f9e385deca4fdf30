import { groupRows, type Panel } from './panel.ts'

/** The mean squared error of each session over its rows, sessions ascending. */
export const squaredErrorsBySession = (panel: Panel, forecast: Float64Array): number[] =>
  [...groupRows(panel.sessions).values()].map(
    (rows) => rows.reduce((sum, row) => sum + (panel.labels[row]! - forecast[row]!) ** 2, 0) / rows.length,
  )
