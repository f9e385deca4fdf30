import { expect, it } from 'vitest'
import { decodeBars } from '#activities/snapshots/decode-bars.ts'
import { readByFeatures } from '#activities/snapshots/decoded-chunks.ts'
import { encodeBars } from '#activities/snapshots/encode-bars.ts'
import { structBytes } from '#activities/snapshots/thrift.ts'
import { compareText } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'

const symbols = ['A', 'ÄÖ.X', 'CCC', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q', 'R']
const pieces = symbols.map((symbol, seed) => walkBars(symbol, 1 + ((seed * 37) % 260), 90 + seed))

it('reads back what features read, of symbols of any length', async () => {
  const ordered = pieces.toSorted((a, b) => compareText(a.symbol, b.symbol))
  expect(decodeBars(encodeBars(pieces))).toEqual(ordered.map(readByFeatures))
  const [only] = pieces
  expect(decodeBars(encodeBars([only!]))).toEqual([readByFeatures(only!)])
})

it('reads a vwap where there is one', async () => {
  const vwap = (bars: BarColumns, every: number) => bars.close.map((close, row) => (row % every === 0 ? Number.NaN : close + 0.5))
  const [none, some, all] = pieces.slice(1, 4).map((bars) => sliceBars(bars, 0, 20)) as [BarColumns, BarColumns, BarColumns]
  const written = [none, { ...some, vwap: vwap(some, 3) }, { ...all, vwap: all.close.map((close) => close - 0.25) }]
  const expected = [{ ...none, vwap: undefined }, written[1]!, written[2]!].map(readByFeatures)
  const bySymbol = (bars: readonly BarColumns[]) => new Map(bars.map((each) => [each.symbol, each]))
  expect(bySymbol(decodeBars(encodeBars(written))!)).toEqual(bySymbol(expected))
})

it('leaves files of other programs to others', () => {
  const footer = structBytes([[6, 'text', 'DuckDB version v1.0 (build 1)']])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(footer.length)
  expect(decodeBars(Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]))).toBeUndefined()
})
