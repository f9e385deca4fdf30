import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { purgedSessions, purgedWithin } from '#domain/evaluation/segments.ts'
import { errorsBySession } from '#domain/evaluation/session-errors.ts'
import { planWalkForward, walkForwardFolds } from '#domain/evaluation/walk-forward.ts'

const day = (number: number) => new Date(Date.UTC(2005, 0, 1 + number)).toISOString().slice(0, 10)
const calendar = Array.from({ length: 300 }, (_, index) => day(index))
const range = (from: number, to: number) => ({ from: day(from), to: day(to) })
const recipe = { seed: 7, segments: { train: range(0, 159), earlyStopping: range(160, 199), test: range(200, 299) } }

describe('a walk-forward', () => {
  it('forecasts the second half in four folds, each by a fit on all that came before it', () => {
    const folds = planWalkForward(recipe, calendar, 1)
    // 199 of the 200 sessions have a label that ends within them
    expect(folds.map(({ trainedThrough }) => trainedThrough)).toEqual([98, 123, 148, 173].map(day))
    expect(folds.map(({ sessions }) => [sessions[0], sessions.at(-1)])).toEqual(
      [
        [99, 123],
        [124, 148],
        [149, 173],
        [174, 198],
      ].map((fold) => fold.map(day)),
    )
    // a fifth of each fit stops early, as in the recipe; nothing else differs
    expect(folds[0]!.recipe).toEqual({ seed: 7, segments: { train: range(0, 78), earlyStopping: range(79, 98) } })
    expect(folds[3]!.recipe.segments).toEqual({ train: range(0, 138), earlyStopping: range(139, 173) })
  })

  it('lets no fit see a label of its fold, and no fold one of the test segment', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 40, max: 199 }), (reach, border) => {
        const segments = { train: range(0, border - 1), earlyStopping: range(border, 199) }
        const folds = planWalkForward({ segments }, calendar, reach)
        expect(folds).toHaveLength(walkForwardFolds)
        const labelEnd = (session: string) => calendar.indexOf(session) + reach
        folds.forEach((fold, index) => {
          const { train, earlyStopping } = fold.recipe.segments
          const fitted = [...purgedSessions(calendar, train, reach, earlyStopping.from), ...purgedWithin(calendar, earlyStopping, reach)]
          for (const session of fitted) expect(labelEnd(session)).toBeLessThan(calendar.indexOf(fold.sessions[0]!))
          for (const session of fold.sessions) expect(labelEnd(session)).toBeLessThan(200)
          const next = folds[index + 1]?.sessions[0]
          if (next !== undefined) expect(calendar.indexOf(next)).toBe(calendar.indexOf(fold.sessions.at(-1)!) + 1)
        })
      }),
      { numRuns: 30 },
    )
  })

  it('is the same over a calendar that has gone on', () => {
    expect(planWalkForward(recipe, calendar.slice(0, 200), 3)).toEqual(planWalkForward(recipe, calendar, 3))
  })

  it('is refused on too few sessions', () => {
    expect(() => planWalkForward({ segments: { train: range(0, 9), earlyStopping: range(10, 14) } }, calendar, 1)).toThrow(
      'are 14 with a known label: a walk-forward of 4 folds needs 16 at least',
    )
  })
})

describe('errors by session', () => {
  it('are mean squared error and mean of forecast − label, sessions ascending', () => {
    const panel = { symbols: Int32Array.of(0, 0, 1), sessions: Int32Array.of(12, 11, 12), labels: Float64Array.of(1, 0, 3) }
    expect(errorsBySession(panel, Float64Array.of(2, -0.5, 6))).toEqual([
      { day: 11, loss: 0.25, bias: -0.5, rows: 1 },
      { day: 12, loss: 5, bias: 2, rows: 2 },
    ])
  })
})
