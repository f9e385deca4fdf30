import { expect, it } from 'vitest'
import { GroupStates } from '#activities/features/stored-states.ts'
import { Series } from '#domain/features/series-ends.ts'
import type { SliceStates } from '#domain/features/slice-states.ts'
import { firstFrom, type Slice } from '#domain/features/slices.ts'
import { sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'

const bars = walkBars('AAA', 300, 11)
const months = [...new Set(bars.sessions.map((session) => session.slice(0, 7)))]
const slices: Slice[] = months.map((month) => ({ months: [month] }))
const endOf = (slice: Slice) => firstFrom(bars.sessions, `${slice.months[0]}-99`)
const states = (value: number): SliceStates => new Map([['AAA', new Map([['EMA', Float64Array.of(value)]])]])

it('a state is that of the rows up to the end of its slice, where those are known', () => {
  const stored = new GroupStates(
    slices.slice(2, 6).map((slice, index) => ({ slice, states: index === 2 ? [] : [states(index)] })),
    new Map(),
  )
  const rowsOf = (series: Series) => stored.of(series, []).map(({ row, states }) => [row, states.get('EMA')![0]])
  const ends = [0, 1, 3].map((index) => [endOf(slices[2 + index]!), index])
  expect(rowsOf(new Series(bars, [], undefined))).toEqual(ends)
  // of bars that begin with the fifth month, where the fourth ends and no month before
  const earlier = new Series(bars, [], undefined).endOf(slices[3]!)!
  expect(rowsOf(new Series(sliceBars(bars, earlier.rows, 300), [], earlier))).toEqual(ends.slice(1))
  expect(rowsOf(new Series({ ...bars, symbol: 'BBB' }, [], undefined))).toEqual([])
})
