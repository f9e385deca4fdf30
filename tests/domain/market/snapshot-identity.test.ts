import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { snapshotIdentity, symbolContentSha256, symbolIdentity } from '#domain/market/snapshot-identity.ts'
import { barsOf } from './walk.ts'

const split: CorporateAction = {
  symbol: 'TEST',
  exDate: '2020-01-02',
  kind: 'split',
  ratio: 2,
  knownAt: '2020-01-03T00:00:00.000Z',
  basis: 'derived',
}

describe('the content of one symbol', () => {
  it('hashes the documented bytes', () => {
    const bytes = Buffer.concat([
      text('quantloop/bars/1'),
      text('TEST'),
      u32(2),
      i32(18_262),
      i32(18_263),
      ...[10, 20].map(f64), // open
      ...[10.1, 20.2].map(f64), // high
      ...[9.9, 19.8].map(f64), // low
      ...[10, 20].map(f64), // close
      ...[0, 1000].map(f64), // volume, with a −0
      u32(1),
      i32(18_263),
      text('split'),
      f64(2),
      Buffer.from('000000000000f87f', 'hex'), // no cash
    ])
    const bars: BarColumns = {
      ...barsOf([10, 20]),
      high: Float64Array.of(10.1, 20.2),
      low: Float64Array.of(9.9, 19.8),
      volume: Float64Array.of(-0, 1000),
    }
    expect(symbolContentSha256(bars, [split])).toBe(createHash('sha256').update(bytes).digest('hex'))
  })

  it('hashes the documented bytes of long histories, with a −0 or NaN among them too', () => {
    const rows = 600
    const hashOf = (close: Float64Array) => {
      const bars = barsOf([...close])
      const columns = [bars.open, bars.high, bars.low, bars.close, bars.volume].flatMap((column) =>
        [...column].map((value) => f64(value === 0 ? 0 : value)),
      )
      const days = bars.sessions.map((session) => i32(Date.parse(session) / 86_400_000))
      const bytes = Buffer.concat([text('quantloop/bars/1'), text('TEST'), u32(rows), ...days, ...columns, u32(0)])
      expect(symbolContentSha256(bars, [])).toBe(createHash('sha256').update(bytes).digest('hex'))
    }
    const close = Float64Array.from({ length: rows }, (_, row) => 10 + row / 7)
    hashOf(close)
    hashOf(close.with(599, -0))
    hashOf(close.with(555, Number.NaN))
  })

  it('is one for every NaN', () => {
    const other = new Float64Array(new BigUint64Array([0xfff8000000000123n, 0x7ff8000000000000n]).buffer)
    const hash = (adjustedClose: Float64Array) =>
      symbolIdentity({ ...barsOf([1, 2, 3]), adjustedClose: Float64Array.of(1, ...adjustedClose) }, [], 'assumed')
    expect(hash(other)).toEqual(hash(Float64Array.of(Number.NaN, Number.NaN)))
  })

  it('changes with any value, session, name or action, and not with the vendor’s check', () => {
    const bars = barsOf([10, 20, 30])
    const base = symbolContentSha256(bars, [split])
    const variants = [
      { ...bars, symbol: 'TESTS' },
      { ...bars, sessions: ['2020-01-01', '2020-01-02', '2020-01-04'] },
      { ...bars, close: Float64Array.of(10, 20, 30.000000000000004) },
      { ...bars, volume: Float64Array.of(1000, 1000, 1001) },
    ]
    for (const variant of variants) expect(symbolContentSha256(variant, [{ ...split, symbol: variant.symbol }])).not.toBe(base)
    expect(symbolContentSha256(bars, [])).not.toBe(base)
    expect(symbolContentSha256(bars, [{ ...split, ratio: 3 }])).not.toBe(base)
    expect(symbolContentSha256(bars, [split, { ...split, symbol: 'OTHER' }])).toBe(base)
    expect(symbolContentSha256({ ...bars, adjustedClose: Float64Array.of(1, 2, 3) }, [split])).toBe(base)
  })
})

describe('the id of a snapshot', () => {
  const idOf = (all: BarColumns[], basis: 'assumed' | 'observed' = 'assumed') =>
    snapshotIdentity(
      all.map((bars) => symbolIdentity(bars, [split], basis)),
      basis,
    )

  it('holds the vendor’s check, and `knownAt` only when it was observed', () => {
    const bars = barsOf([10, 20])
    const later = { ...bars, knownAt: ['2021-01-01T00:00:00.000Z', '2021-01-01T00:00:00.000Z'] }
    expect(idOf([later])).toBe(idOf([bars]))
    expect(idOf([later], 'observed')).not.toBe(idOf([bars], 'observed'))
    expect(idOf([bars], 'observed')).not.toBe(idOf([bars]))
    expect(idOf([{ ...bars, adjustedClose: Float64Array.of(5, 10) }])).not.toBe(idOf([bars]))
    expect(idOf([{ ...bars, adjustedClose: Float64Array.of(Number.NaN, Number.NaN) }])).toBe(idOf([bars]))
  })

  it('does not depend on the order of symbols and actions', () => {
    const second = { ...split, exDate: '2020-01-01', kind: 'dividend' as const, ratio: undefined, cash: 1 }
    const parts = ['B', 'A', 'C'].map((symbol) => symbolIdentity(barsOf([1, 2], { symbol }), [], 'assumed'))
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: 3 }), (shuffled) => {
        expect(snapshotIdentity(shuffled, 'assumed')).toBe(snapshotIdentity(parts, 'assumed'))
      }),
    )
    expect(symbolContentSha256(barsOf([1, 2]), [split, second])).toBe(symbolContentSha256(barsOf([1, 2]), [second, split]))
  })
})

const u32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)
const i32 = (value: number) => Buffer.from(Int32Array.of(value).buffer)
const f64 = (value: number) => Buffer.from(Float64Array.of(value).buffer)
const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)])
