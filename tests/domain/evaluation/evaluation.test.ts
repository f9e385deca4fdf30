import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compareRankCorrelations, compareSquaredErrors } from '#domain/evaluation/compare-forecasts.ts'
import { pearson, spearman } from '#domain/evaluation/correlation.ts'
import { forecastMetrics, type ForecastMetrics } from '#domain/evaluation/forecast-metrics.ts'
import { testMeanAboveZero } from '#domain/evaluation/session-test.ts'
import { studentUpperTail } from '#domain/evaluation/student-t.ts'

type Tested = { gain: number; t: number; pValue: number }
type Name = 'candidate' | 'persistence' | 'mean' | 'linear'
type Fixture = {
  panel: Record<'symbol' | 'session' | 'label' | Name, number[]>
  metrics: Record<Name, ForecastMetrics>
  squaredErrors: Record<string, Record<'persistence' | 'mean' | 'linear', Tested>>
  rankCorrelations: Record<'zero' | 'persistence' | 'linear', Tested>
  studentUpperTail: [number, number, number][]
  spearman: [number[], number[], number][]
}

/** values of pandas, SciPy and statsmodels: see make-evaluation.py beside it */
const fixture = JSON.parse(readFileSync(new URL('./fixtures/evaluation.json', import.meta.url), 'utf8')) as Fixture
const panel = {
  symbols: Int32Array.from(fixture.panel.symbol),
  sessions: Int32Array.from(fixture.panel.session),
  labels: Float64Array.from(fixture.panel.label),
}
const forecast = (name: Name) => Float64Array.from(fixture.panel[name])

const expectTested = (found: { gain: number; t: number | null; pValue: number | null }, expected: Tested) => {
  expect(found.gain).toBeCloseTo(expected.gain, 12)
  expect(found.t).toBeCloseTo(expected.t, 10)
  expect(found.pValue).toBeCloseTo(expected.pValue, 10)
}

const timeSeries = ['rows', 'sessions', 'meanSquaredError', 'bias', 'skill', 'symbolCorrelation'] as const
const crossSectional = ['informationCoefficient', 'rankInformationCoefficient', 'informationRatio', 'rankInformationRatio'] as const

describe('metrics equal those of pandas', () => {
  it.each(['candidate', 'persistence', 'mean', 'linear'] as const)('of %s', (name) => {
    const expected = fixture.metrics[name]
    const overTime = forecastMetrics(panel, 'time-series', forecast(name), forecast('persistence'))
    for (const metric of timeSeries) expectNear(overTime[metric], expected[metric])
    for (const metric of crossSectional) expect(overTime[metric]).toBeNull()
    const across = forecastMetrics(panel, 'cross-sectional', forecast(name), forecast('persistence'))
    for (const metric of crossSectional) expectNear(across[metric], expected[metric])
    expect([across.skill, across.symbolCorrelation]).toEqual([null, null])
  })

  it('have a positive bias when the forecasts are too low', () => {
    const low = forecastMetrics(
      panel,
      'time-series',
      panel.labels.map((label) => label - 0.25),
      forecast('persistence'),
    )
    expect(low.bias).toBeCloseTo(0.25, 12)
    expect(low.meanSquaredError).toBeCloseTo(0.0625, 12)
  })
})

const expectNear = (found: number | null, expected: number | null) => {
  if (expected === null) expect(found).toBeNull()
  else expect(found).toBeCloseTo(expected, 12)
}

describe('tests equal those of statsmodels, with Newey and West’s variance', () => {
  it.each(['1', '6'])('by squared error, for a label that reaches %s sessions', (reach) => {
    for (const rival of ['persistence', 'mean', 'linear'] as const)
      expectTested(compareSquaredErrors(panel, forecast('candidate'), forecast(rival), Number(reach)), fixture.squaredErrors[reach]![rival])
  })

  it('by RankIC', () => {
    expectTested(compareRankCorrelations(panel, forecast('candidate'), undefined, 1), fixture.rankCorrelations.zero)
    expectTested(compareRankCorrelations(panel, forecast('candidate'), forecast('persistence'), 1), fixture.rankCorrelations.persistence)
    expectTested(compareRankCorrelations(panel, forecast('candidate'), forecast('linear'), 1), fixture.rankCorrelations.linear)
  })

  it('with the lag of an overlapping label where that is longer', () => {
    const values = Array.from({ length: 100 }, (_, index) => Math.sin(index))
    expect(testMeanAboveZero(values, 1).lag).toBe(4)
    expect(testMeanAboveZero(values, 20).lag).toBe(19)
  })

  it('and say nothing about what does not vary', () => {
    const same = compareSquaredErrors(panel, forecast('linear'), forecast('linear'), 1)
    expect(same).toMatchObject({ gain: 0, t: null, pValue: null, verdict: 'inconclusive' })
    expect(testMeanAboveZero([], 1)).toMatchObject({ sessions: 0, t: null })
    expect(testMeanAboveZero([3], 1)).toMatchObject({ sessions: 1, t: null })
  })
})

describe('distributions and correlations equal those of SciPy', () => {
  it('Student’s upper tail, relatively', () => {
    for (const [t, freedom, expected] of fixture.studentUpperTail) expect(studentUpperTail(t, freedom) / expected).toBeCloseTo(1, 8)
  })

  it('Spearman’s correlation, with ties', () => {
    for (const [x, y, expected] of fixture.spearman) expect(spearman(x, y)).toBeCloseTo(expected, 12)
  })

  it('a correlation of too little is missing', () => {
    expect(pearson([1], [2])).toBeNaN()
    expect(pearson([0.1, 0.1, 0.1], [1, 2, 3])).toBeNaN()
  })
})
