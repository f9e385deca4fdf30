import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resampleBlocks } from '#domain/monitoring/block-bootstrap.ts'
import { type CusumChart, cusumStep } from '#domain/monitoring/cusum.ts'
import { calibrateDecay } from '#domain/monitoring/decay-calibration.ts'
import { lookForDrift } from '#domain/monitoring/drift.ts'
import { calibrateDrift, describeFeatures } from '#domain/monitoring/drift-calibration.ts'
import { adjustForDiscoveries } from '#domain/monitoring/false-discovery.ts'
import { describeFeature, smirnovDistance, sortWindow, stabilityIndex } from '#domain/monitoring/feature-distribution.ts'
import { lookAt, planLooks, sessionsOfLooks } from '#domain/monitoring/group-sequential.ts'
import { kolmogorov95, kolmogorovUpperTail } from '#domain/monitoring/kolmogorov.ts'
import { normalUpperQuantile, normalUpperTail } from '#domain/monitoring/normal.ts'
import { seededWholeNumbers } from '#domain/monitoring/random.ts'
import { normalScore } from '#domain/monitoring/small-sample-t.ts'
import { spendingBoundaries } from '#domain/monitoring/spending-boundaries.ts'
import { randomNumbers } from '#tests/support/bars.ts'

type Fixture = {
  wholeNumbers: { seed: number; bound: number; drawn: number[] }
  cusum: { chart: CusumChart; losses: number[]; statistics: number[]; fired: boolean[] }
  features: { reference: (number | null)[]; window: (number | null)[]; distance: number; stabilityIndex: number }[]
  kolmogorov: [number, number][]
  kolmogorov95: number
  discoveries: [number[], number[]][]
  normalUpperTail: [number, number][]
  normalUpperQuantile: [number, number][]
  published: { fractions: number[]; alpha: number; boundaries: number[] }
  plans: { fractions: number[]; alpha: number; boundaries: number[]; spent: number[]; crossing: number[] | null }[]
  scores: [number, number, number, number][]
}

/** values of SciPy and NumPy: see make-monitoring.py beside it */
const fixture = JSON.parse(readFileSync(new URL('./fixtures/monitoring.json', import.meta.url), 'utf8')) as Fixture

const columnOf = (values: (number | null)[]) => Float32Array.from(values, (value) => value ?? Number.NaN)

/** Standard normal values that depend on the seed alone. */
function normalNumbers(seed: number): () => number {
  const uniform = randomNumbers(seed)
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

describe('distributions equal those of SciPy, relatively', () => {
  it('the normal tail and its inverse', () => {
    for (const [z, expected] of fixture.normalUpperTail) expect(normalUpperTail(z) / expected).toBeCloseTo(1, 12)
    for (const [p, expected] of fixture.normalUpperQuantile) expect(normalUpperQuantile(p)).toBeCloseTo(expected, 9)
  })

  it('Kolmogorov’s', () => {
    for (const [x, expected] of fixture.kolmogorov) expect(kolmogorovUpperTail(x)).toBeCloseTo(expected, 14)
    expect(kolmogorov95).toBeCloseTo(fixture.kolmogorov95, 12)
    expect(kolmogorovUpperTail(0)).toBe(1)
  })

  it('the score of Newey and West’s t in few sessions', () => {
    for (const [sessions, lag, t, expected] of fixture.scores) expect(normalScore(t, sessions, lag)).toBeCloseTo(expected, 6)
  })

  it('p-values adjusted for discoveries', () => {
    for (const [values, expected] of fixture.discoveries)
      adjustForDiscoveries(values).forEach((adjusted, index) => expect(adjusted).toBeCloseTo(expected[index]!, 14))
    expect(adjustForDiscoveries([])).toEqual([])
  })
})

describe('the CUSUM', () => {
  it('equals one by hand, session by session, and begins again after an alarm', () => {
    const { chart, losses, statistics, fired } = fixture.cusum
    let sum = 0
    losses.forEach((loss, session) => {
      const step = cusumStep(chart, sum, loss)
      expect(step.statistic).toBeCloseTo(statistics[session]!, 10)
      expect(step.fired).toBe(fired[session])
      sum = step.sum
    })
    expect(fired.filter(Boolean).length).toBeGreaterThan(1)
  })

  it('rises when a loss does, and never falls below 0', () => {
    const chart = { mean: 1, deviation: 0.5, allowance: 0.5, threshold: Infinity }
    const losses = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(losses, fc.nat(), fc.double({ min: 0, max: 10, noNaN: true }), (values, where, rise) => {
        const end = (series: number[]) => series.reduce((sum, loss) => cusumStep(chart, sum, loss).sum, 0)
        const raised = values.map((loss, index) => (index === where % values.length ? loss + rise : loss))
        expect(end(values)).toBeGreaterThanOrEqual(0)
        expect(end(raised)).toBeGreaterThanOrEqual(end(values))
      }),
    )
  })
})

describe('blocks', () => {
  it('follow the original and its circle, each session as often as another', () => {
    const random = seededWholeNumbers(3)
    const into = new Int32Array(95)
    const counts = new Array<number>(30).fill(0)
    let breaks = 0
    for (let draw = 0; draw < 4000; draw++) {
      resampleBlocks(into, 30, 10, random)
      into.forEach((row, at) => {
        if (at % 10 !== 0 && row !== (into[at - 1]! + 1) % 30) breaks++
        counts[row]!++
      })
    }
    expect(breaks).toBe(0)
    const mean = (4000 * 95) / 30
    // blocks of ten: the variance of a count is about ten times that of independent draws
    for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(5 * Math.sqrt(10 * mean))
  })

  it('are drawn by the numbers of an independent xoshiro128**', () => {
    const { seed, bound, drawn } = fixture.wholeNumbers
    const random = seededWholeNumbers(seed)
    expect(drawn.map(() => random(bound))).toEqual(drawn)
  })
})

describe('the threshold of decay', () => {
  const rule = { falseAlarmsAYear: 0.05, blockSessions: 20, allowance: 0.5 }
  const normal = normalNumbers(11)
  let last = 0
  const losses = Array.from({ length: 500 }, () => {
    last = 0.5 * last + normal()
    return Math.exp(0.5 * last) / 10
  })
  const calibration = calibrateDecay(losses, rule)

  it('lets at most the stated share of other years fire', () => {
    // other numbers, and a CUSUM by hand
    const random = randomNumbers(77)
    const years = 4000
    let fired = 0
    for (let year = 0; year < years; year++) {
      let [sum, highest, row] = [0, 0, 0]
      for (let session = 0; session < 252; session++) {
        row = session % 20 === 0 ? Math.floor(random() * losses.length) : (row + 1) % losses.length
        sum = Math.max(0, sum + (losses[row]! - calibration.mean) / calibration.deviation - 0.5)
        highest = Math.max(highest, sum)
      }
      if (highest > calibration.threshold) fired++
    }
    expect(calibration.alarmShare).toBeLessThanOrEqual(0.05)
    expect(Math.abs(fired / years - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / years))
  })

  it('is the same again, and falls as more alarms are allowed', () => {
    expect(calibrateDecay(losses, rule)).toEqual(calibration)
    expect(calibrateDecay(losses, { ...rule, falseAlarmsAYear: 0.2 }).threshold).toBeLessThan(calibration.threshold)
    expect(calibrateDecay(losses, rule, 2).threshold / calibration.threshold).toBeCloseTo(1, 1)
  })

  it('needs three blocks, and losses that vary', () => {
    expect(() => calibrateDecay(losses.slice(0, 59), rule)).toThrow('has 59 sessions, fewer than 3 blocks of 20')
    expect(calibrateDecay(losses.slice(0, 60), rule).sessions).toBe(60)
    expect(() =>
      calibrateDecay(
        losses.map(() => 0.1),
        rule,
      ),
    ).toThrow('nothing can rise above them')
  })
})

describe('the distance of a feature', () => {
  it('equals SciPy’s and NumPy’s, with ties, gaps and constants', () => {
    for (const { reference, window, distance, stabilityIndex: expected } of fixture.features) {
      const description = describeFeature(columnOf(reference))
      const sorted = sortWindow(columnOf(window))
      expect(smirnovDistance(description, sorted)).toBeCloseTo(distance, 12)
      expect(stabilityIndex(description, sorted)).toBeCloseTo(expected, 9)
    }
  })

  it('is 0 from itself, and 1 from what is missing altogether', () => {
    const values = Float32Array.from({ length: 50 }, (_, row) => Math.sin(row))
    const description = describeFeature(values)
    expect([smirnovDistance(description, sortWindow(values)), stabilityIndex(description, sortWindow(values))]).toEqual([0, 0])
    expect(smirnovDistance(description, sortWindow(new Float32Array(9).fill(Number.NaN)))).toBe(1)
    const nothing = describeFeature(new Float32Array(9).fill(Number.NaN))
    expect([nothing.edges, smirnovDistance(nothing, sortWindow(values))]).toEqual([[], 1])
  })
})

describe('drift', () => {
  const [features, symbols, window] = [10, 2, 30]

  /** Features that last: each symbol's own and the market's, autoregressive with .9; a constant one; one with gaps. */
  function rowsOf(sessions: number, seed: number) {
    const normal = normalNumbers(seed)
    const columns = Array.from({ length: features }, () => new Float32Array(sessions * symbols))
    for (const column of columns) {
      const state = Array.from({ length: symbols + 1 }, () => normal() / Math.sqrt(1 - 0.81))
      for (let session = 0; session < sessions; session++) {
        state.forEach((value, at) => (state[at] = 0.9 * value + normal()))
        for (let symbol = 0; symbol < symbols; symbol++) column[session * symbols + symbol] = state[0]! + state[symbol + 1]!
      }
    }
    columns[0]!.fill(7)
    columns[1]!.forEach((_, row) => row % 5 === 0 && (columns[1]![row] = Number.NaN))
    return { columns, starts: Int32Array.from({ length: sessions + 1 }, (_, session) => session * symbols) }
  }

  const sessions = 450
  const tail = (columns: Float32Array[]) => columns.map((column) => column.slice(-window * symbols))

  it('is seldom called where nothing has changed, however much a feature lasts', () => {
    let called = 0
    const markets = 40
    for (let seed = 1; seed <= markets; seed++) {
      const all = rowsOf(sessions + 3 * window, seed)
      const reference = {
        columns: all.columns.map((column) => column.slice(0, sessions * symbols)),
        starts: all.starts.slice(0, sessions + 1),
      }
      const distributions = describeFeatures(reference)
      const nulls = calibrateDrift(reference, distributions, window)
      if (lookForDrift(distributions, nulls, tail(all.columns), 0.05).some(({ drifted }) => drifted)) called++
    }
    // at most 5 %, and four standard errors of so few markets
    expect(called / markets).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / markets))
  })

  it('is called where a feature moves, spreads or goes missing, and only there', () => {
    const reference = rowsOf(sessions, 5)
    const distributions = describeFeatures(reference)
    const nulls = calibrateDrift(reference, distributions, window)
    const quiet = reference.columns.map((column) => column.slice(300, 300 + window * symbols))
    const moved = quiet.map((column, feature) => {
      if (feature === 0) return column.map(() => 8)
      if (feature === 1) return column.map(() => Number.NaN)
      return feature === 2 ? column.map((value) => value + 15) : column
    })
    const found = lookForDrift(distributions, nulls, moved, 0.05)
    expect(found.map(({ drifted }) => drifted)).toEqual([true, true, true, ...new Array<boolean>(features - 3).fill(false)])
    expect(found[1]!.missingShare).toBe(1)
    expect(lookForDrift(distributions, nulls, quiet, 0.05).some(({ drifted }) => drifted)).toBe(false)
    expect(lookForDrift(distributions, nulls, quiet, 0.05)[0]).toMatchObject({ distance: 0, pValue: 1, stabilityIndex: 0 })
  })

  it('counts what lasts as few rows', () => {
    const reference = rowsOf(sessions, 6)
    const nulls = calibrateDrift(reference, describeFeatures(reference), window)
    for (const { effectiveSize } of nulls.slice(2)) expect(effectiveSize).toBeLessThan((window * symbols) / 2)
  })

  it('needs three sessions', () => {
    const reference = { columns: [Float32Array.of(1, 2)], starts: Int32Array.of(0, 1, 2) }
    expect(() => calibrateDrift(reference, describeFeatures(reference), 5)).toThrow('was fitted on 2 sessions')
    const short = { columns: [Float32Array.of(1, 2, 3)], starts: Int32Array.of(0, 1, 2, 3) }
    expect(calibrateDrift(short, describeFeatures(short), 5)).toHaveLength(1)
  })
})

describe('boundaries', () => {
  it('are the published ones', () => {
    const { fractions, alpha, boundaries } = fixture.published
    spendingBoundaries(fractions, alpha).forEach((boundary, look) => expect(boundary).toBeCloseTo(boundaries[look]!, 3))
  })

  it('are crossed with the probability that is due, by the multivariate normal’s own integral', () => {
    for (const { fractions, alpha, boundaries, spent, crossing } of fixture.plans) {
      spendingBoundaries(fractions, alpha).forEach((boundary, look) => {
        // those beyond are crossed once in 10^9 challenges; the oracle's grid is a plain one
        if (boundary < 6) expect(boundary).toBeCloseTo(boundaries[look]!, 3)
      })
      crossing?.forEach((crossed, look) => expect(crossed).toBeCloseTo(spent[look]!, 6))
    }
  })
})

describe('a challenge', () => {
  const plan = { firstLook: 10, lookEvery: 10, lastLook: 30, alpha: 0.05 }
  const looks = planLooks(plan)

  it('is looked at as planned', () => {
    expect(sessionsOfLooks(plan)).toEqual([10, 20, 30])
    expect(planLooks({ ...plan, firstLook: 30 })).toMatchObject([{ sessions: 30 }])
    expect(() => lookAt([1, 2, 3], 1, looks)).toThrow('no look is planned at 3 sessions, only at 10, 20, 30')
  })

  it('errs about as often as it may on noise, in both directions', () => {
    const normal = normalNumbers(2008)
    const challenges = 3000
    const verdicts = { better: 0, worse: 0, continue: 0, inconclusive: 0 }
    for (let challenge = 0; challenge < challenges; challenge++) {
      const gains = Array.from({ length: 30 }, normal)
      const first = looks.map(({ sessions }) => lookAt(gains.slice(0, sessions), 1, looks).verdict)
      verdicts[first.find((verdict) => verdict !== 'continue')!]++
    }
    const tolerance = 4 * Math.sqrt((0.05 * 0.95) / challenges)
    expect(Math.abs(verdicts.better / challenges - 0.05)).toBeLessThan(tolerance)
    expect(Math.abs(verdicts.worse / challenges - 0.05)).toBeLessThan(tolerance)
    expect(verdicts.continue).toBe(0)
  })

  it('is won, lost, or undecided', () => {
    const gains = (centre: number, sessions: number) => Array.from({ length: sessions }, (_, session) => centre + Math.sin(7 * session))
    expect(lookAt(gains(0.1, 10), 1, looks).verdict).toBe('continue')
    expect(lookAt(gains(0.1, 30), 1, looks).verdict).toBe('inconclusive')
    const won = lookAt(gains(3, 20), 1, looks)
    expect(won).toMatchObject({ sessions: 20, verdict: 'better' })
    expect(won.z!).toBeGreaterThan(won.boundary)
    const lost = lookAt(
      gains(3, 20).map((gain) => -gain),
      1,
      looks,
    )
    expect([lost.verdict, lost.z]).toEqual(['worse', -won.z!])
  })

  it('of two that say the same says nothing', () => {
    expect(lookAt(new Array<number>(10).fill(0), 1, looks)).toMatchObject({ gain: 0, t: null, z: null, verdict: 'continue' })
    expect(lookAt(new Array<number>(30).fill(0), 1, looks).verdict).toBe('inconclusive')
  })
})
