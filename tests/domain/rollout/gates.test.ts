import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { latencyBucketsMs } from '#contracts/deployments.ts'
import { type GateLimits, judgeGates } from '#domain/rollout/gates.ts'
import { bucketOf, quantileOf } from '#domain/rollout/latency-histogram.ts'
import { emptyTally, momentsOf, since, type Tally, totalOf } from '#domain/rollout/tally.ts'

const buckets = latencyBucketsMs.length + 1
const limits: GateLimits = { minAnswers: 100, maxErrorRateIncrease: 0.01, maxLatencyRatio: 2, latencyFloorMs: 20, maxPredictionShift: 3 }

type Story = { answers: readonly number[]; errors?: number; nonFinite?: number; milliseconds?: (index: number) => number; origin?: number }

/** One request an answer, and one more for each error. */
function tallyOf({ answers, errors = 0, nonFinite = 0, milliseconds = () => 5, origin = answers[0] ?? 0 }: Story): Tally {
  const tally = emptyTally(buckets)
  const latencies = [...tally.latencies]
  for (let index = 0; index < answers.length + errors; index++) latencies[bucketOf(latencyBucketsMs, milliseconds(index))]!++
  const from = answers.map((answer) => answer - origin)
  return {
    requests: answers.length + errors,
    errors,
    nonFinite,
    answers: answers.length,
    origin,
    sum: from.reduce((a, b) => a + b, 0),
    sumOfSquares: from.reduce((a, b) => a + b * b, 0),
    latencies,
  }
}

const varied = (count: number, centre = 0) => Array.from({ length: count }, (_, index) => centre + (index % 2 === 0 ? 1 : -1))
const judge = (fresh: Story, old: Story | null) => judgeGates(tallyOf(fresh), old === null ? null : tallyOf(old), limits, latencyBucketsMs)

describe('the gates', () => {
  test('pass an equal version, and say the figures', () => {
    const { verdict, reason, predictionShift } = judge({ answers: varied(200) }, { answers: varied(1_000) })
    expect(verdict).toBe('passed')
    expect(predictionShift).toBeCloseTo(0, 12)
    expect(reason).toMatch(/^200 answers \(old 1000\), 0 % of requests failed \(old 0 %\), 99 % within .* mean answer 0 standard/)
  })

  test.each<[string, Story, Story | null, string]>([
    ['too few new answers', { answers: varied(99) }, { answers: varied(1_000) }, 'answered 99 times, at least 100'],
    ['too few old answers', { answers: varied(500) }, { answers: varied(12) }, 'old version has answered 12 times'],
    ['no answers at all', { answers: [] }, { answers: [] }, 'answered 0 times'],
    ['nothing to compare with, and too few', { answers: varied(3) }, null, 'answered 3 times'],
  ])('decide nothing on %s', (_, fresh, old, reason) => {
    expect(judge(fresh, old)).toMatchObject({ verdict: 'inconclusive', reason: expect.stringContaining(reason) })
  })

  test.each<[string, Story, Story | null, string]>([
    [
      'one non-finite answer, however few there are',
      { answers: [1], errors: 1, nonFinite: 1 },
      { answers: varied(10) },
      '1 of its answers was not finite',
    ],
    ['errors', { answers: varied(180), errors: 20 }, { answers: varied(1_000) }, '10 % of its 200 requests failed'],
    [
      'nothing but errors, before it has answered once',
      { answers: [], errors: 6 },
      { answers: varied(100) },
      '100 % of its 6 requests failed',
    ],
    [
      'errors, with nothing to compare',
      { answers: varied(180), errors: 20 },
      null,
      '10 % of its 200 requests failed (at most 1 % more may)',
    ],
    [
      'latency',
      { answers: varied(200), milliseconds: (i) => (i % 10 === 0 ? 80 : 5) },
      { answers: varied(1_000) },
      '99th percentile of latency',
    ],
    ['predictions that moved', { answers: varied(200, 4) }, { answers: varied(1_000) }, 'standard deviations from the old'],
  ])('fail on %s', (_, fresh, old, reason) => {
    expect(judge(fresh, old)).toMatchObject({ verdict: 'failed', reason: expect.stringContaining(reason) })
  })

  test.each<[string, Story, Story | null]>([
    ['errors that the old version has too', { answers: varied(180), errors: 20 }, { answers: varied(900), errors: 100 }],
    ['an increase within the limit', { answers: varied(9_950), errors: 50 }, { answers: varied(10_000) }],
    ['an increase that chance explains', { answers: varied(110), errors: 2 }, { answers: varied(1_000) }],
    ['a latency below the floor', { answers: varied(200), milliseconds: () => 15 }, { answers: varied(1_000), milliseconds: () => 1 }],
    [
      'a stall that hit both',
      { answers: varied(200), milliseconds: (i) => (i < 10 ? 400 : 5) },
      { answers: varied(200), milliseconds: (i) => (i < 8 ? 400 : 5) },
    ],
    ['one slow answer', { answers: varied(100), milliseconds: (i) => (i === 0 ? 900 : 5) }, { answers: varied(1_000) }],
    ['an old version that says always the same', { answers: varied(200) }, { answers: new Array<number>(200).fill(1) }],
    ['nothing to compare with', { answers: varied(200, 9), milliseconds: () => 500 }, null],
  ])('pass %s', (_, fresh, old) => expect(judge(fresh, old).verdict).toBe('passed'))

  test('seldom fail an equal version, however often they are looked at', () => {
    // a generator of its own, so that the count is the same on every machine
    let state = 20080915
    const chance = () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31
    const story = (requests: number) => {
      const failed = Array.from({ length: requests }, () => chance() < 0.02)
      return { failed, slow: Array.from({ length: requests }, () => (chance() < 0.02 ? 60 : 5)) }
    }
    let failures = 0
    for (let rollout = 0; rollout < 200; rollout++) {
      const [fresh, old] = [story(600), story(600)]
      const until = ({ failed, slow }: ReturnType<typeof story>, n: number): Story => ({
        answers: varied(n - failed.slice(0, n).filter(Boolean).length),
        errors: failed.slice(0, n).filter(Boolean).length,
        milliseconds: (index) => slow[index] ?? 5,
      })
      for (let n = 20; n <= 600; n += 20)
        if (judge(until(fresh, n), until(old, n)).verdict === 'failed') {
          failures++
          break
        }
    }
    expect(failures).toBeLessThanOrEqual(2)
  })
})

describe('tallies', () => {
  const answers = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 50 })

  test('add up over replicas, whatever each counts from', () => {
    fc.assert(
      fc.property(answers, answers, fc.double({ min: -100, max: 100, noNaN: true }), (one, two, origin) => {
        const total = totalOf([tallyOf({ answers: one }), tallyOf({ answers: two, origin })], buckets)
        const whole = momentsOf(tallyOf({ answers: [...one, ...two], origin: 0 }))!
        expect(total.answers).toBe(one.length + two.length)
        expect(momentsOf(total)!.mean).toBeCloseTo(whole.mean, 6)
        expect(momentsOf(total)!.deviation).toBeCloseTo(whole.deviation, 4)
      }),
    )
  })

  test('subtract over time', () => {
    fc.assert(
      fc.property(answers, answers, (before, after) => {
        const now = tallyOf({ answers: [...before, ...after], errors: 3 })
        const later = since(now, tallyOf({ answers: before, errors: 1, origin: 7 }))
        expect(later).toMatchObject({ requests: after.length + 2, errors: 2, answers: after.length })
        expect(momentsOf(later)!.mean).toBeCloseTo(momentsOf(tallyOf({ answers: after }))!.mean, 6)
        expect(later.latencies.reduce((a, b) => a + b, 0)).toBe(after.length + 2)
      }),
    )
  })

  test('keep their digits far from zero', () => {
    const total = totalOf([tallyOf({ answers: [1e9, 1e9 + 2] }), tallyOf({ answers: [1e9 + 4, 1e9 + 6] })], buckets)
    expect(momentsOf(total)!.deviation).toBeCloseTo(Math.sqrt(20 / 3), 6)
  })
})

describe('a histogram of latencies', () => {
  test('tells a quantile to a quarter', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.6, max: 8_000, noNaN: true }), { minLength: 1, maxLength: 300 }), (latencies) => {
        const counts = new Array<number>(buckets).fill(0)
        for (const latency of latencies) counts[bucketOf(latencyBucketsMs, latency)]!++
        const exact = latencies.toSorted((a, b) => a - b)[Math.ceil(0.99 * latencies.length) - 1]!
        const read = quantileOf(latencyBucketsMs, counts, 0.99)!
        expect(read / exact).toBeGreaterThan(1 / 1.26)
        expect(read / exact).toBeLessThan(1.26)
      }),
    )
  })

  test('has no quantile of nothing, and the highest bound for what is slower than all', () => {
    expect(quantileOf(latencyBucketsMs, new Array<number>(buckets).fill(0), 0.99)).toBeNull()
    const slow = new Array<number>(buckets).fill(0)
    slow[bucketOf(latencyBucketsMs, 60_000)] = 1
    expect(quantileOf(latencyBucketsMs, slow, 0.99)).toBe(latencyBucketsMs.at(-1))
  })
})
