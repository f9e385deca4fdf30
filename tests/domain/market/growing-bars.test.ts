import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type BarColumns, joinBars, sliceBars } from '#domain/market/bars.ts'
import { GrowingBars } from '#domain/market/growing-bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import '#tests/support/property-seed.ts'

const whole = walkBars('AAA', 120, 1)
const first = sliceBars(whole, 0, 60)
const later = (rows: number) => sliceBars(whole, 60, 60 + rows)

const plain = (bars: BarColumns) => ({ ...bars, vwap: bars.vwap ?? undefined })

it('has the rows of the first part and of the later one, and what it answered before stays', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 48 }), { minLength: 1, maxLength: 8 }), (counts) => {
      const growing = new GrowingBars(first)
      const answers = counts.map((rows) => ({ rows, bars: growing.with(later(rows))! }))
      for (const { rows, bars } of answers) expect(plain(bars)).toEqual(plain(joinBars(first, later(rows))))
    }),
  )
})

it('answers nothing when a row that was there is another, and goes on with those that are the same', () => {
  const growing = new GrowingBars(first)
  const before = growing.with(later(10))!
  const revised = { ...later(11), close: later(11).close.with(4, 1) }
  expect(growing.with(revised)).toBeUndefined()
  expect(growing.with({ ...later(11), sessions: later(11).sessions.with(3, '2007-01-01') })).toBeUndefined()
  expect(growing.with({ ...later(11), knownAt: later(11).knownAt.with(3, '') })).toBeUndefined()
  expect(plain(before)).toEqual(plain(joinBars(first, later(10))))
  expect(plain(growing.with(later(12))!)).toEqual(plain(joinBars(first, later(12))))
})

it('has no value where the later part lacks a column that the first one has', () => {
  const priced = { ...first, vwap: first.close }
  const growing = new GrowingBars(priced)
  for (const rows of [3, 5]) expect(growing.with(later(rows))).toEqual(joinBars(priced, later(rows)))
  expect(growing.with({ ...later(6), vwap: later(6).close })).toBeUndefined()
})

it('answers nothing when there is no room, or a column is there that the first part has not', () => {
  const growing = new GrowingBars(first)
  expect(growing.with(later(49))).toBeUndefined()
  expect(growing.with({ ...later(1), vwap: later(1).close })).toBeUndefined()
  expect(growing.with(later(48))).toBeDefined()
})
