import fc from 'fast-check'
import { expect, test } from 'vitest'
import { forecastMetrics } from '#domain/evaluation/forecast-metrics.ts'
import { groupRows } from '#domain/evaluation/panel.ts'
import { squaredErrorsBySession } from '#domain/evaluation/session-errors.ts'

const number = fc.double({ min: -10, max: 10, noNaN: true })
const row = fc.record({ session: fc.integer({ min: 12_000, max: 12_020 }), label: number, forecast: number })

test('sessions ascend, and weighted by their rows they come to the error of the whole segment', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const panel = {
        symbols: Int32Array.from(rows, (_, index) => index),
        sessions: Int32Array.from(rows, ({ session }) => session),
        labels: Float64Array.from(rows, ({ label }) => label),
      }
      const forecast = Float64Array.from(rows, (r) => r.forecast)
      const errors = squaredErrorsBySession(panel, forecast)
      const counts = [...groupRows(panel.sessions).values()].map((group) => group.length)
      expect(errors).toHaveLength(new Set(panel.sessions).size)
      const weighted = errors.reduce((sum, error, index) => sum + error * counts[index]!, 0) / rows.length
      expect(weighted).toBeCloseTo(forecastMetrics(panel, 'time-series', forecast, forecast).meanSquaredError, 9)
    }),
  )
})

test('a session is the mean of its rows', () => {
  const panel = { symbols: Int32Array.of(0, 1, 0), sessions: Int32Array.of(14_031, 14_031, 14_030), labels: Float64Array.of(1, 2, 5) }
  expect(squaredErrorsBySession(panel, Float64Array.of(0, 0, 3))).toEqual([4, 2.5])
})
