import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededWholeNumbers } from '#domain/monitoring/random.ts'
import { changedPast, drawCuts, truncated } from '#domain/trust/look-ahead.ts'
import { WarmUpTally } from '#domain/trust/warm-up.ts'
import { walkBars } from '#tests/support/bars.ts'

describe('cuts', () => {
  it('keep some of a history and never all of it, follow the seed, and lie anywhere', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        (rows, count, seed) => {
          const cuts = drawCuts(rows, count, seededWholeNumbers(seed))
          expect(cuts.every((cut) => cut >= 1 && cut < rows)).toBe(true)
          expect(new Set(cuts).size).toBe(cuts.length)
          expect(cuts.length).toBeLessThanOrEqual(count)
          expect(drawCuts(rows, count, seededWholeNumbers(seed))).toEqual(cuts)
        },
      ),
    )
    const drawn = new Set(Array.from({ length: 300 }, (_, seed) => drawCuts(12, 3, seededWholeNumbers(seed))).flat())
    expect([...drawn].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  it('take the actions of later sessions away with the bars', () => {
    const bars = walkBars('AAA', 10, 1)
    const split = (row: number) =>
      ({ symbol: 'AAA', exDate: bars.sessions[row]!, kind: 'split', ratio: 2, knownAt: '2007-01-01T00:00:00Z', basis: 'given' }) as const
    const cut = truncated(bars, [split(3), split(4), split(5)], 5)
    expect([cut.bars.sessions.length, cut.bars.close.length]).toEqual([5, 5])
    expect(cut.actions).toEqual([split(3), split(4)])
  })

  it('compare bits: a missing value equals itself, and the sign of zero counts', () => {
    expect(changedPast(Float32Array.of(1, NaN, 3, 4), Float32Array.of(1, NaN, 3))).toBeUndefined()
    expect(changedPast(Float32Array.of(1, 2, NaN), Float32Array.of(1, NaN, 5))).toEqual({ cells: 2, first: { row: 1, whole: 2, cut: NaN } })
    expect(changedPast(Float32Array.of(0), Float32Array.of(-0))).toMatchObject({ cells: 1 })
  })
})

describe('a warm-up', () => {
  const of = (values: [length: number, whole: number, late: number][], variance: number | null = 1) => {
    const tally = new WarmUpTally([20, 60, 250])
    for (const [length, whole, late] of values) tally.add(length, whole, late)
    return tally.result(variance)
  }

  it('settles where nothing differs from there on', () => {
    expect(
      of([
        [20, 1, 1.5],
        [60, 1, 1],
        [250, 1, 1],
      ]),
    ).toEqual({ variance: [0.25, 0, 0], missing: [0, 0, 0], settles: 60 })
    expect(
      of([
        [20, 1, 1],
        [60, 1, 1.1],
        [250, 1, 1],
      ]).settles,
    ).toBe(250)
    expect(
      of([
        [20, 1, 2],
        [60, 1, 2],
        [250, 1, 2],
      ]).settles,
    ).toBeNull()
  })

  it('is as long as it takes for a value to be there, and is judged by lengths that histories have', () => {
    expect(
      of([
        [20, 1, NaN],
        [60, 1, 1],
      ]),
    ).toEqual({ variance: [null, 0, null], missing: [1, 0, 0], settles: 60 })
    expect(of([])).toMatchObject({ settles: null })
    // what the whole history lacks too is no difference
    expect(
      of([
        [20, NaN, NaN],
        [20, 1, 1],
      ]).settles,
    ).toBe(20)
    expect(
      of(
        [
          [20, 1, 2],
          [60, 1, 1],
        ],
        0,
      ),
    ).toEqual({ variance: [null, 0, null], missing: [0, 0, 0], settles: 60 })
  })
})
