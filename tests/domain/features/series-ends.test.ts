import { expect, it } from 'vitest'
import { Series } from '#domain/features/series-ends.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { type BarColumns, sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'

const bars = walkBars('AAA', 300, 11)
const dividend = (row: number): CorporateAction => ({
  symbol: 'AAA',
  exDate: bars.sessions[row]!,
  kind: 'dividend',
  cash: 0.2,
  knownAt: '2007-01-01T00:00:00Z',
  basis: 'given',
})
const month = bars.sessions[200]!.slice(0, 7)
const start = bars.sessions.findIndex((session) => session.startsWith(month))
const contentTo = (own: BarColumns, to: number, actions: CorporateAction[] = [dividend(50)]) =>
  new Series(own, actions, undefined).contentTo(to)

it('tells what rows hold by the rows alone, however many come after them and wherever reading begins', () => {
  const whole = contentTo(bars, 210)
  expect(contentTo(sliceBars(bars, 0, 210), 210)).toBe(whole)
  const before = bars.sessions[start - 1]!.slice(0, 7)
  const earlier = new Series(bars, [dividend(50)], undefined).endOf({ months: [before] })!
  const later = sliceBars(bars, start, 300)
  expect(new Series(later, [dividend(50)], earlier).contentTo(210 - start)).toBe(whole)
  expect(new Series(bars, [dividend(50)], undefined, earlier).contentTo(210)).toBe(whole)
})

it('changes with each value, factor and session up to the row, and with none after it', () => {
  const whole = contentTo(bars, 210)
  const changed = (row: number) => ({ ...bars, high: bars.high.with(row, bars.high[row]! + 1) })
  expect(contentTo(changed(211), 211)).toBe(contentTo(bars, 211))
  for (const row of [0, 120, 209]) expect(contentTo(changed(row), 210)).not.toBe(whole)
  expect(contentTo({ ...bars, vwap: bars.close }, 210)).not.toBe(whole)
  expect(contentTo(bars, 210, [dividend(50), dividend(190)])).not.toBe(whole)
  expect(contentTo(bars, 210, [dividend(50), dividend(215)])).toBe(whole)
})
