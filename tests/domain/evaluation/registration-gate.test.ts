import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeBaseline, judgeCandidate } from '#domain/evaluation/registration-gate.ts'

/** Deterministic noise in [-0.5, 0.5): the generator mulberry32. */
function noise(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 - 0.5
  }
}

const symbols = 4

/** Labels that are noise around 0, and forecasters that know `knowledge` of each label and add noise of their own. */
function scene(sessions: number, knowledge: Record<'candidate' | 'persistence' | 'mean' | 'linear', number>) {
  const rows = sessions * symbols
  const random = noise(7)
  const labels = Float64Array.from({ length: rows }, random)
  const forecaster = (known: number) => labels.map((label) => known * label + 0.3 * random())
  const panel = {
    symbols: Int32Array.from({ length: rows }, (_, row) => row % symbols),
    sessions: Int32Array.from({ length: rows }, (_, row) => Math.floor(row / symbols)),
    labels,
  }
  const baselines = { persistence: forecaster(knowledge.persistence), mean: new Float64Array(rows), linear: forecaster(knowledge.linear) }
  return { panel, candidate: forecaster(knowledge.candidate), baselines }
}

const judge = (kind: 'time-series' | 'cross-sectional', sessions: number, knowledge: Parameters<typeof scene>[1]) => {
  const { panel, candidate, baselines } = scene(sessions, knowledge)
  return judgeCandidate(panel, kind, candidate, baselines, 1).gate
}

const verdicts = (gate: ReturnType<typeof judge>) =>
  Object.fromEntries(gate.comparisons.map(({ baseline, verdict }) => [baseline, verdict]))

describe('a time-series label', () => {
  it('passes a candidate that beats persistence and the mean, and ties with the linear model', () => {
    const gate = judge('time-series', 200, { candidate: 0.8, persistence: 0, mean: 0, linear: 0.8 })
    expect(verdicts(gate)).toEqual({ persistence: 'better', mean: 'better', linear: 'inconclusive' })
    expect(gate.passed).toBe(true)
    expect(gate.reason).toMatch(
      /^Passed; squared error 0\.\d+ on 200 sessions and 800 rows: better than persistence .* \(t .*\); better than the training mean .*; a tie with.* the linear model/,
    )
  })

  it('refuses one that does not beat the mean', () => {
    const gate = judge('time-series', 200, { candidate: 0, persistence: -1, mean: 0, linear: 0 })
    expect(verdicts(gate).persistence).toBe('better')
    expect(verdicts(gate).mean).not.toBe('better')
    expect(gate.passed).toBe(false)
    expect(gate.reason).toMatch(/^Refused, for it must be better than the training mean at 90 % confidence; /)
  })

  it('refuses one that does not beat persistence, and one worse than the linear model', () => {
    const gate = judge('time-series', 200, { candidate: 0.5, persistence: 0.9, mean: 0, linear: 0.95 })
    expect(verdicts(gate)).toEqual({ persistence: 'worse', mean: 'better', linear: 'worse' })
    expect(gate.reason).toMatch(
      /^Refused, for it must be better than persistence at 90 % confidence and not be worse than the linear model; /,
    )
  })

  it('refuses on fewer than sixty sessions, whatever they say', () => {
    const clear = { candidate: 0.9, persistence: 0, mean: 0, linear: 0 }
    expect(judge('time-series', 60, clear).passed).toBe(true)
    const gate = judge('time-series', 59, clear)
    expect(verdicts(gate)).toEqual({ persistence: 'better', mean: 'better', linear: 'better' })
    expect(gate.passed).toBe(false)
    expect(gate.reason).toMatch(/^Inconclusive, which refuses: a verdict needs 60 sessions; .* on 59 sessions/)
  })

  it('refuses a candidate that is one of the baselines', () => {
    const { panel, baselines } = scene(200, { candidate: 0, persistence: 0.5, mean: 0, linear: 0.5 })
    expect(judgeCandidate(panel, 'time-series', baselines.persistence, baselines, 1).gate.passed).toBe(false)
    expect(judgeCandidate(panel, 'time-series', baselines.mean, baselines, 1).gate.passed).toBe(false)
  })
})

describe('a cross-sectional label', () => {
  it('passes a candidate whose RankIC is above zero and not below the baselines', () => {
    const gate = judge('cross-sectional', 200, { candidate: 0.8, persistence: 0.2, mean: 0, linear: 0.5 })
    expect(gate.measure).toBe('rank-information-coefficient')
    expect(gate.passed).toBe(true)
    expect(gate.reason).toMatch(/^Passed; mean RankIC 0\.\d+ on 200 sessions .*above zero \(t .*, p below 0\.001\)/)
  })

  it('refuses noise, and one below a baseline', () => {
    expect(judge('cross-sectional', 200, { candidate: 0, persistence: 0, mean: 0, linear: 0 }).reason).toMatch(
      /^Refused, for it must .*have a RankIC above zero at 90 % confidence/,
    )
    const below = judge('cross-sectional', 200, { candidate: 0.5, persistence: 0, mean: 0, linear: 0.9 })
    expect(below.reason).toMatch(/^Refused, for it must not be below the linear model; /)
  })

  it('is judged by ranks: a rescaled forecast gets the same verdict', () => {
    const { panel, candidate, baselines } = scene(100, { candidate: 0.5, persistence: 0.1, mean: 0, linear: 0.3 })
    const gate = judgeCandidate(panel, 'cross-sectional', candidate, baselines, 1).gate
    const rescaled = judgeCandidate(
      panel,
      'cross-sectional',
      candidate.map((value) => Math.exp(9 * value)),
      baselines,
      1,
    ).gate
    expect(rescaled.comparisons).toEqual(gate.comparisons)
  })
})

describe('persistence itself', () => {
  it.each(['time-series', 'cross-sectional'] as const)('is registered as a baseline of a %s label, however it compares', (kind) => {
    const { panel, baselines } = scene(30, { candidate: 0, persistence: 0.2, mean: 0, linear: 0.9 })
    const { gate, candidate } = judgeBaseline(panel, kind, baselines.persistence, baselines, 1)
    expect(gate.passed).toBe(true)
    expect(verdicts(gate)).toMatchObject({ linear: 'worse' })
    expect(gate.comparisons.map(({ baseline }) => baseline)).toEqual(['mean', 'linear'])
    expect(gate.reason).toMatch(
      /^Registered as a baseline, which is not asked to beat itself; .* on 30 sessions and 120 rows: .*the linear model/,
    )
    expect(candidate.meanSquaredError).toBe(judgeCandidate(panel, kind, baselines.persistence, baselines, 1).candidate.meanSquaredError)
  })
})

it('judges the same rows the same in any order', () => {
  const { panel, candidate, baselines } = scene(80, { candidate: 0.5, persistence: 0.1, mean: 0, linear: 0.3 })
  const plain = judgeCandidate(panel, 'time-series', candidate, baselines, 1)
  const rows = panel.labels.length
  fc.assert(
    fc.property(fc.shuffledSubarray([...Array(rows).keys()], { minLength: rows }), (order) => {
      const moved = <T extends Int32Array | Float64Array>(values: T): T => values.map((_, at) => values[order[at]!]!) as T
      const shuffled = judgeCandidate(
        { symbols: moved(panel.symbols), sessions: moved(panel.sessions), labels: moved(panel.labels) },
        'time-series',
        moved(candidate),
        { persistence: moved(baselines.persistence), mean: moved(baselines.mean), linear: moved(baselines.linear) },
        1,
      )
      plain.gate.comparisons.forEach(({ t, verdict }, index) => {
        expect(shuffled.gate.comparisons[index]!.t).toBeCloseTo(t!, 9)
        expect(shuffled.gate.comparisons[index]!.verdict).toBe(verdict)
      })
      expect(shuffled.candidate.meanSquaredError).toBeCloseTo(plain.candidate.meanSquaredError, 12)
    }),
    { numRuns: 20 },
  )
})
