import { describe, expect, it } from 'vitest'
import { FeatureSet } from '#contracts/features.ts'
import { computeColumns, computeFeatures } from '#domain/features/compute-features.ts'
import { barColumns } from '#domain/features/bar-columns.ts'
import { buildIdOf, definitionHash, featureHash, type Label, labelReach, readFeatures, readLabel } from '#domain/features/definitions.ts'
import { featureRowAt } from '#domain/features/feature-row.ts'
import { featureSets, knownFeatureSet, resolveFeatureSet } from '#domain/features/feature-sets.ts'
import { groupCount, groupOf } from '#domain/market/chunk-layout.ts'
import { groupSymbols } from '#domain/features/symbol-groups.ts'
import { walkBars } from '#tests/support/bars.ts'

const label = {
  expression: 'Log(Ref($high,-1)/Ref($low,-1)-1+0.001)',
  persistence: 'Log(Mean($high/$low-1,5)+0.001)',
  kind: 'time-series',
} as const
const set = (...features: [string, string][]) => ({ features: features.map(([name, expression]) => ({ name, expression })) })

describe('feature sets', () => {
  it.each([
    ['technical', 33, 61],
    ['alpha158', 158, 61],
    ['alpha360', 360, 60],
  ])('%s fits its contract, and is %i features that read %i sessions at most', (name, features, most) => {
    const known = featureSets.find((set) => set.name === name)!
    expect(FeatureSet.parse(known)).toEqual(known)
    expect(known.features).toHaveLength(features)
    const resolved = resolveFeatureSet(name, label)
    expect(FeatureSet.parse(resolved)).toEqual(resolved)
    expect(Math.max(...readFeatures(resolved.features).map(({ lookback }) => lookback))).toBe(most)
    expect(new Set(readFeatures(resolved.features).map(({ text }) => text)).size).toBe(resolved.features.length)
  })

  it('leave out the features of a column that bars lack, and name them', () => {
    const { features, absent } = resolveFeatureSet('alpha158', label)
    expect(absent).toEqual([{ name: 'VWAP0', column: 'vwap' }])
    expect(features).toHaveLength(157)
    expect(computeFeatures(features, walkBars('WALK', 70, 3), [])).toHaveLength(157)
    expect(resolveFeatureSet('alpha360', label).absent).toHaveLength(60)
    expect(resolveFeatureSet('technical', label)).not.toHaveProperty('absent')
    expect(() => readFeatures(set(['mine', '$vwap/$close']).features, barColumns)).toThrow(
      'feature mine: there is no column $vwap (character 1)',
    )
  })

  it('technical answers what a price level does not change', () => {
    const featureSet = knownFeatureSet('technical')
    const bars = walkBars('WALK', 200, 3)
    const dear = {
      ...bars,
      open: bars.open.map((p) => p * 8),
      high: bars.high.map((p) => p * 8),
      low: bars.low.map((p) => p * 8),
      close: bars.close.map((p) => p * 8),
    }
    expect(computeFeatures(featureSet, dear, [])).toEqual(computeFeatures(featureSet, bars, []))
  })

  it('has every value from its look-back on, and none of a recursive feature before', () => {
    const { features } = knownFeatureSet('technical')
    const columns = computeFeatures(features, walkBars('WALK', 100, 4), [])
    for (const [index, { lookback }] of readFeatures(features).entries())
      expect(columns[index]!.subarray(lookback - 1).every(Number.isFinite)).toBe(true)
    const rsi = columns[features.findIndex(({ name }) => name === 'rsi_14')]!
    expect([...rsi].findIndex(Number.isFinite)).toBe(14)
  })

  it('is found by name, or named with what there is', () => {
    expect(resolveFeatureSet('technical', label)).toBe(knownFeatureSet('technical'))
    expect(knownFeatureSet('technical').features).toHaveLength(33)
    expect(() => resolveFeatureSet('technicel', label)).toThrow(
      'no feature set technicel: did you mean technical? There are: technical, alpha158, alpha360, persistence',
    )
  })

  it('persistence follows from the label: one feature, the naive forecast that the label is judged beside', () => {
    const stated = resolveFeatureSet('persistence', label)
    expect(FeatureSet.parse(stated)).toEqual(stated)
    expect(stated.features).toEqual([{ name: 'naive_forecast', expression: readLabel(label).persistence.text }])
    const implied = resolveFeatureSet('persistence', { expression: 'Ref($close,-2)/$close', kind: 'time-series' })
    expect(implied.features[0]!.expression).toBe('Ref(Ref($close,-2)/$close,2)')
    expect(featureHash(implied)).not.toBe(featureHash(stated))
    expect(() => knownFeatureSet('persistence')).toThrow('no feature set persistence by itself: it follows from the label')
  })

  it('computes on prices adjusted for splits and dividends, and on volume adjusted for splits alone', () => {
    const bars = walkBars('WALK', 30, 6)
    const exDate = bars.sessions[15]!
    const halved = { ...bars }
    for (const name of ['open', 'high', 'low', 'close'] as const)
      halved[name] = bars[name].map((price, row) => (row < 15 ? price : price / 2))
    halved.volume = bars.volume.map((shares, row) => (row < 15 ? shares : shares * 2))
    const split = { symbol: 'WALK', exDate, kind: 'split', ratio: 2, knownAt: '2007-01-01T00:00:00Z', basis: 'given' } as const
    const features = set(['a', 'TA_ROC($close,1)'], ['b', '$volume/Mean($volume,5)'], ['c', 'TA_ATR($high,$low,$close,5)/$close'])
    expect(computeFeatures(features, halved, [split])).toEqual(computeFeatures(features, bars, []))
    expect(computeFeatures(features, halved, [])).not.toEqual(computeFeatures(features, bars, []))
  })
})

describe('a label', () => {
  it('is known by how far it looks, and its default persistence is its last known value', () => {
    expect(labelReach(label.expression)).toBe(1)
    expect(labelReach('Ref($close,-2)/Ref($close,-1)-1')).toBe(2)
    const bars = walkBars('WALK', 60, 8)
    const read = readLabel({ expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' })
    expect(read.persistence.text).toBe('Ref(Ref($close,-2)/Ref($close,-1)-1,2)')
    const [value, persistence] = computeColumns([read.expression, read.persistence.expression], bars, [])
    expect(persistence!.subarray(2)).toEqual(value!.subarray(0, 58))
    expect([...value!.subarray(-2)]).toEqual([NaN, NaN])
  })

  it('must look ahead, and nothing else may', () => {
    expect(() => labelReach('$close/Ref($close,1)')).toThrow('a label must read a later session')
    expect(() => readLabel({ ...label, persistence: 'Ref($close,-1)' })).toThrow('which only a label may')
    expect(() => readFeatures(set(['early', 'Mean($close,5)/Ref($close,-2)']).features)).toThrow(
      /feature early: this looks 2 sessions ahead, which only a label may \(character 16\)/,
    )
  })
})

describe('hashes', () => {
  const base = set(['a', 'Mean($close,5)/$close'], ['b', '$volume'])

  it('are of what is meant, not of how it is written', () => {
    const spaced = set(['a', ' Mean( $close, 5 ) / ($close)'], ['b', '$volume'])
    expect(definitionHash(spaced, { ...label, expression: `(${label.expression})` })).toBe(definitionHash(base, label))
    expect(featureHash(spaced)).toBe(featureHash(base))
  })

  it('differ with names, order, expressions, label, persistence and kind', () => {
    const definitions = [
      definitionHash(base, label),
      definitionHash(set(['c', 'Mean($close,5)/$close'], ['b', '$volume']), label),
      definitionHash(set(['b', '$volume'], ['a', 'Mean($close,5)/$close']), label),
      definitionHash(set(['a', 'Mean($close,6)/$close'], ['b', '$volume']), label),
      definitionHash(base, { ...label, expression: 'Ref($close,-1)' }),
      definitionHash(base, { expression: label.expression, kind: 'time-series' }),
      definitionHash(base, { ...label, kind: 'cross-sectional' }),
    ]
    expect(new Set(definitions).size).toBe(definitions.length)
    expect(buildIdOf(definitions[0]!, 'a'.repeat(64))).not.toBe(buildIdOf(definitions[0]!, 'b'.repeat(64)))
  })

  it('know a universe only where there is one', () => {
    const technical = knownFeatureSet('technical')
    const returns: Label = { expression: 'Ref($close,-2)/Ref($close,-1)-1', kind: 'cross-sectional' }
    // as builds of all symbols are named for good
    const definition = 'd8d47623f9b64e292aaeea21f3c7666a94d622e537e9e1c0d9dfc5b364ba484d'
    expect(definitionHash(technical, returns)).toBe(definition)
    expect(featureHash(technical)).toBe('0f27bb9ff682fb695fe723b68036352504a059ba5ac698d46fc5e8f7947fc28a')
    expect(buildIdOf(definition, 'a'.repeat(64))).toBe('37229f404eb01c314fc1fac9cea7d71a4bf2e4248b408b6dc91b3196e4398847')
    const of = (universe?: string) => [definitionHash({ ...technical, universe }, returns), featureHash({ ...technical, universe })]
    expect(of(undefined)).toEqual([definitionHash(technical, returns), featureHash(technical)])
    expect(new Set([of(), of('large'), of('small')].flat()).size).toBe(6)
  })

  it('refuse a name that is used twice', () =>
    expect(() => featureHash(set(['a', '$close'], ['a', '$open']))).toThrow('the feature a is defined twice'))
})

describe('a feature row', () => {
  it('is float32 little-endian in the order of the set, with one NaN', () => {
    const bytes = featureRowAt(
      [Float32Array.of(0, 1), Float32Array.of(0, -0.5), new Float32Array(new Uint32Array([0, 0xffc00001]).buffer)],
      1,
    )
    expect(Buffer.from(bytes).toString('hex')).toBe('0000803f000000bf0000c07f')
  })
})

describe('groups of symbols', () => {
  const symbols = (count: number) => Array.from({ length: count }, (_, index) => `S${String(index).padStart(4, '0')}`)

  it('are one while symbols are few, about eighty in each, and at most 32', () => {
    expect(groupSymbols(['MSFT', 'AAPL'])).toEqual([{ group: 0, symbols: ['AAPL', 'MSFT'] }])
    expect(groupSymbols(symbols(300))).toHaveLength(4)
    const many = groupSymbols(symbols(3000))
    expect(many.map(({ group }) => group)).toEqual(Array.from({ length: 32 }, (_, group) => group))
    expect(many.flatMap((group) => group.symbols).sort()).toEqual(symbols(3000))
    expect(Math.max(...many.map((group) => group.symbols.length))).toBeLessThan(140)
  })

  it('hold the symbols of a chunk together', () => {
    for (const count of [20, 90, 300, 1000]) {
      const groups = groupSymbols(symbols(count))
      const homes = new Map(groups.flatMap(({ group, symbols }) => symbols.map((symbol) => [symbol, group])))
      const chunks = groupCount(count)
      for (let chunk = 0; chunk < chunks; chunk++)
        expect(
          new Set(
            symbols(count)
              .filter((symbol) => groupOf(symbol, chunks) === chunk)
              .map((symbol) => homes.get(symbol)),
          ).size,
        ).toBeLessThan(2)
    }
  })

  it('stay as they were when a symbol is listed, but for its own', () => {
    const before = groupSymbols(symbols(500)).map((group) => group.symbols.join())
    const after = groupSymbols([...symbols(500), 'NEW']).map((group) => group.symbols.join())
    expect(after.filter((group) => !before.includes(group))).toHaveLength(1)
  })
})
