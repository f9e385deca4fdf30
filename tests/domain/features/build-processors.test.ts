import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parse } from '#domain/expressions/parse.ts'
import { type BuildProcessor, buildProcessors, processedLabel, processedSet } from '#domain/features/build-processors.ts'
import { computeMarket } from '#domain/features/compute-market.ts'
import { readFeatures, readLabel } from '#domain/features/definitions.ts'
import { groupBy } from '#domain/group-by.ts'
import { type BarColumns, noBars } from '#domain/market/bars.ts'
import '#tests/support/property-seed.ts'

type Cell = number | string
const qlib = JSON.parse(readFileSync(new URL('../expressions/fixtures/qlib-cross-sections.json', import.meta.url), 'utf8')) as {
  sessions: string[]
  symbols: string[]
  values: Cell[]
  processed: Record<string, Cell[]>
}

const chains: Record<string, BuildProcessor[]> = {
  CSZScoreNorm: [{ kind: 'CSZScoreNorm', method: 'zscore' }],
  'CSZScoreNorm robust': [{ kind: 'CSZScoreNorm', method: 'robust' }],
  CSRankNorm: [{ kind: 'CSRankNorm' }],
  CSZFillna: [{ kind: 'CSZFillna' }],
  ProcessInf: [{ kind: 'ProcessInf' }],
  'ProcessInf, CSZFillna, CSZScoreNorm': [{ kind: 'ProcessInf' }, { kind: 'CSZFillna' }, { kind: 'CSZScoreNorm', method: 'zscore' }],
  'ProcessInf, Fillna, CSZScoreNorm robust': [
    { kind: 'ProcessInf' },
    { kind: 'Fillna', fillValue: -1.5 },
    { kind: 'CSZScoreNorm', method: 'robust' },
  ],
  'ProcessInf, CSZScoreNorm, CSRankNorm': [{ kind: 'ProcessInf' }, { kind: 'CSZScoreNorm', method: 'zscore' }, { kind: 'CSRankNorm' }],
}

const numberOf = (cell: Cell) => (cell === 'inf' ? Infinity : cell === '-inf' ? -Infinity : Number(cell))
const setOf = (expression: string) => ({ name: 'one', version: 1, description: '', features: [{ name: 'x', expression }] })

/** Rows of the oracle's market: a value is a close. */
function histories(values: readonly Cell[]) {
  const bySymbol = groupBy(values.keys(), (row) => qlib.symbols[row]!)
  return [...bySymbol].map(([symbol, rows]): { bars: BarColumns; actions: []; rows: number[] } => {
    const close = Float64Array.from(rows, (row) => numberOf(values[row]!))
    const bars = { ...noBars(symbol), open: close, high: close, low: close, volume: close, close }
    return { bars: { ...bars, sessions: rows.map((row) => qlib.sessions[row]!) }, actions: [], rows }
  })
}

async function processed(processors: readonly BuildProcessor[]): Promise<Float64Array> {
  const market = histories(qlib.values)
  const [feature] = readFeatures(processedSet(setOf('$close'), processors).features)
  const columns = await computeMarket([feature!.expression], market, new Set(qlib.symbols))
  const out = new Float64Array(qlib.values.length)
  for (const { bars, rows } of market) rows.forEach((row, at) => (out[row] = columns.get(bars.symbol)![0]![at]!))
  return out
}

describe('a cross-sectional processor', () => {
  it.each(Object.entries(chains))('%s is pyqlib’s', async (name, processors) => {
    const ours = await processed(processors)
    const theirs = qlib.processed[name]!.map(numberOf)
    const different = theirs.flatMap((value, row) =>
      Object.is(value, ours[row]) || Math.abs(value - ours[row]!) <= 1e-6 + 1e-6 * Math.abs(value)
        ? []
        : [[qlib.sessions[row], qlib.symbols[row], qlib.values[row], value, ours[row]]],
    )
    expect(different).toEqual([])
  })

  it('is compared for every chain of the oracle', () => {
    expect(Object.keys(chains)).toEqual(Object.keys(qlib.processed))
  })

  it('gives the same bits in whatever order symbols come', async () => {
    const market = histories(qlib.values)
    const asked = ['CSZScore($close)', 'CSRank(Mean(CSRobustZScore($close),3))', 'CSFillna(CSProcessInf($close))'].map(parse)
    const bits = async (order: typeof market) =>
      [...(await computeMarket(asked, order, new Set(qlib.symbols)))]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([symbol, columns]) => [
          symbol,
          ...columns.map((column) => Buffer.from(column.buffer, column.byteOffset, column.byteLength).toString('base64')),
        ])
    const expected = await bits(market)
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(market, { minLength: market.length }), async (order) => {
        expect(await bits(order)).toEqual(expected)
      }),
      { numRuns: 10 },
    )
  })
})

describe('the processors of a recipe', () => {
  it('are the build’s up to the last across symbols, but for choices of columns', () => {
    const chain = [
      { kind: 'DropCol', colList: ['a'] },
      { kind: 'Fillna', fillValue: 0 },
      { kind: 'CSRankNorm' },
      { kind: 'Fillna', fillValue: 1 },
      { kind: 'MinMaxNorm' },
    ]
    expect(buildProcessors(chain)).toEqual([chain[1], chain[2]])
    expect(buildProcessors(chain.slice(3))).toEqual([])
    expect(processedSet(setOf('$open/$close'), [{ kind: 'Fillna', fillValue: -2 }, { kind: 'CSRankNorm' }]).features[0]!.expression).toBe(
      '(CSRank(If($open/$close!=$open/$close,-2,$open/$close))-0.5)*3.46',
    )
  })

  it('are refused where one across symbols would read what is fitted', () => {
    expect(() => buildProcessors([{ kind: 'ZScoreNorm' }, { kind: 'CSZFillna' }])).toThrow(
      'CSZFillna (processor 2) is computed with the features, before ZScoreNorm (processor 1) has been fitted on training rows: put it before',
    )
  })

  it('make of a label one whose naive forecast reads no row of others that is not there yet', () => {
    const plain = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' } as const
    const label = processedLabel(plain, [{ kind: 'CSZScoreNorm', method: 'zscore' }])
    expect(label.expression).toBe('CSZScore(Ref($close,-2)/Ref($close,-1)-1)')
    expect(readLabel(label)).toMatchObject({ reach: 2, persistence: { text: 'CSZScore(Ref(Ref($close,-2)/Ref($close,-1)-1,2))' } })
    expect(processedLabel({ ...plain, persistence: '$close/$open' }, [{ kind: 'CSRankNorm' }]).persistence).toBe(
      '(CSRank($close/$open)-0.5)*3.46',
    )
    for (const expression of ['Ref(CSRank(Ref($close,-2)),2)', 'CSRank(Ref($close,-2))'])
      expect(() => readFeatures([{ name: 'early', expression }])).toThrow(/feature early: this looks 2 sessions ahead/)
  })
})
