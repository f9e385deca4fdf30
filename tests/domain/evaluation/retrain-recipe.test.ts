import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { retrainRecipe } from '#domain/evaluation/retrain-recipe.ts'
import { assertSegmentsFilled } from '#domain/evaluation/segments.ts'

const day = (number: number) => new Date(Date.UTC(2007, 0, 1 + number)).toISOString().slice(0, 10)
const calendar = Array.from({ length: 60 }, (_, index) => day(index))
const range = (from: number, to: number) => ({ from: day(from), to: day(to) })
const champion = { seed: 7, model: 'lightgbm', segments: { train: range(10, 25), earlyStopping: range(26, 29), test: range(30, 40) } }

const retrained = (window: 'expanding' | 'rolling', through: string, sessions = calendar, earlyStoppingShare = 0.2) =>
  retrainRecipe(champion, { sessions, through, policy: { window, earlyStoppingShare } })

describe("a challenger's recipe", () => {
  it("is the champion's, but for its segments: no test, and nothing after the session", () => {
    expect(retrained('expanding', day(49))).toEqual({ ...champion, segments: { train: range(10, 41), earlyStopping: range(42, 49) } })
  })

  it('keeps the first session, or the number of sessions', () => {
    expect(retrained('expanding', day(49)).segments.train.from).toBe(day(10))
    // twenty sessions, as the champion's two segments have
    expect(retrained('rolling', day(49)).segments).toEqual({ train: range(30, 45), earlyStopping: range(46, 49) })
  })

  it('counts sessions of the calendar, and ends on one', () => {
    const weekly = calendar.filter((_, index) => index % 7 === 0)
    const { segments } = retrained('expanding', day(48), weekly)
    expect(segments).toEqual({ train: range(14, 35), earlyStopping: range(42, 42) })
  })

  it('is the same over a calendar that has gone on', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('expanding' as const, 'rolling' as const),
        fc.integer({ min: 31, max: 59 }),
        fc.nat(25),
        fc.double({ min: 0.1, max: 0.5, noNaN: true }),
        (window, through, later, share) => {
          const then = retrained(window, day(through), calendar.slice(0, through + 1), share)
          expect(retrained(window, day(through), calendar.slice(0, through + 1 + later), share)).toEqual(then)
          expect(then.segments.earlyStopping.to).toBe(day(through))
          expect(() => assertSegmentsFilled(calendar, then.segments, 1)).not.toThrow()
        },
      ),
    )
  })

  it('is refused where there is nothing to fit', () => {
    expect(() => retrained('expanding', day(10))).toThrow(/needs two sessions at least, but the build has 1 /)
  })
})
