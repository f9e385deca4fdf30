import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutSlices, rowsOf } from '#domain/features/slices.ts'
import { type GroupContents, readAhead, sliceKeys } from '#domain/features/slice-keys.ts'
import { joinBars, sliceBars } from '#domain/market/bars.ts'
import { monthContents, monthHashes, monthOf, monthsBetween } from '#domain/market/month-contents.ts'
import { sessionBits, sessionsOf } from '#domain/market/session-bits.ts'
import { walkBars } from '#tests/support/bars.ts'
import '#tests/support/property-seed.ts'

const group = fc.integer({ min: 0, max: 31 })
const count = fc.integer({ min: 1, max: 80 })
const months = monthsBetween('2006-11-03', '2014-02-01')
const bars = walkBars('AAA', 400, 3)

const hashesOf = (part: typeof bars) => monthHashes(monthContents([part]), part.sessions[0]!, part.sessions.at(-1)!)

describe('the contents of months', () => {
  it('tell each month that has bars, in the order of time, and nothing of the order of symbols', () => {
    const gap = joinBars(sliceBars(bars, 0, 30), sliceBars(bars, 120, 160))
    const other = walkBars('BBB', 10, 4)
    const [first, last] = [gap.sessions[0]!, gap.sessions.at(-1)!]
    expect(hashesOf(gap).map(([month]) => month)).toEqual([...new Set(gap.sessions.map(monthOf))])
    expect(new Set(hashesOf(gap).map(([, hash]) => hash)).size).toBe(hashesOf(gap).length)
    expect(monthContents([gap, other])).toBe(monthContents([other, gap]))
    const changed = { ...gap, close: gap.close.with(35, gap.close[35]! + 1) }
    const differing = hashesOf(changed).filter(([, hash], index) => hash !== hashesOf(gap)[index]![1])
    expect(differing.map(([month]) => month)).toEqual([monthOf(gap.sessions[35]!)])
    expect(monthHashes(monthContents([gap, other]), first, last)[0]![1]).not.toBe(hashesOf(gap)[0]![1])
  })
})

describe('slices', () => {
  it('are years that are over and the months since then', () => {
    const cut = cutSlices(months.slice(0, 30), 0)
    expect(cut.map((slice) => [slice.months[0], slice.months.length])).toEqual([
      ['2006-11', 2],
      ['2007-01', 12],
      ['2008-01', 12],
      ['2009-01', 1],
      ['2009-02', 1],
      ['2009-03', 1],
      ['2009-04', 1],
    ])
    expect(cutSlices(months.slice(0, 30), 5).map((slice) => slice.months.length)).toEqual([9, 12, 1, 1, 1, 1, 1, 1, 1, 1, 1])
  })

  it('hold each month once, in order, and those of an earlier time stay until their year ends', () => {
    fc.assert(
      fc.property(group, count, (group, count) => {
        const [before, after] = [cutSlices(months.slice(0, count), group), cutSlices(months.slice(0, count + 1), group)]
        expect(after.flatMap((slice) => slice.months)).toEqual(months.slice(0, count + 1))
        const kept = before.filter((slice) => after.some((each) => each.months.join() === slice.months.join()))
        expect([0, before.length, before.length - 1, before.length - 11, before.length - 12].some((lost) => kept.length >= lost)).toBe(true)
        expect(after.length).toBeLessThanOrEqual(Math.ceil(count / 12) + 13)
      }),
    )
  })

  it('divide the rows of a symbol', () => {
    const ranges = cutSlices(
      hashesOf(bars).map(([month]) => month),
      7,
    ).map((slice) => rowsOf(slice, bars.sessions))
    expect(ranges[0]!.from).toBe(0)
    expect(ranges.at(-1)!.to).toBe(400)
    for (const [index, { from }] of ranges.slice(1).entries()) expect(from).toBe(ranges[index]!.to)
  })
})

const contentsOf = (rows: number, actions: GroupContents['actions'] = []): GroupContents => ({
  months: new Map(hashesOf(sliceBars(bars, 0, rows)).map(([month, hash]) => [month, [hash]])),
  actions,
})

describe('keys', () => {
  const keysOf = (contents: GroupContents) => sliceKeys(cutSlices([...contents.months.keys()], 0), contents)
  const split = { symbol: 'AAA', exDate: bars.sessions[300]!, kind: 'split', ratio: 2, knownAt: '', basis: 'given' } as const

  it('of earlier slices stay when sessions are added', () => {
    const [before, after] = [keysOf(contentsOf(380)), keysOf(contentsOf(381))]
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1))
    expect(after.at(-1)).not.toBe(before.at(-1))
  })

  it('change from an action on, and not by what is no factor', () => {
    const [plain, acted] = [keysOf(contentsOf(400)), keysOf(contentsOf(400, [split]))]
    const changed = plain.map((key, index) => key !== acted[index])
    expect(changed.indexOf(true)).toBeGreaterThan(0)
    expect(changed.slice(changed.indexOf(true))).not.toContain(false)
    expect(keysOf(contentsOf(400, [{ ...split, kind: 'delisting' }]))).toEqual(plain)
  })

  it('tell what a label reads ahead by its months, and by its rows', () => {
    const slice = { months: ['2007-01'] }
    const at = (rows: number, actions: GroupContents['actions'] = []) =>
      readAhead(slice, 2, { symbols: ['AAA'], bars: new Map([['AAA', sliceBars(bars, 0, rows)]]) }, contentsOf(rows, actions))
    const inMonth = bars.sessions.filter((session) => session < '2007-02').length
    expect([at(inMonth).through, at(inMonth + 1).through, at(inMonth + 2).through]).toEqual([null, null, '2007-02'])
    // another session changes the month, and not the rows
    expect(at(inMonth + 3).months).not.toBe(at(inMonth + 2).months)
    expect(at(inMonth + 3).rows).toBe(at(inMonth + 2).rows)
    expect(at(inMonth + 1).rows).not.toBe(at(inMonth + 2).rows)
    expect(at(inMonth + 3, [{ ...split, exDate: bars.sessions[inMonth + 1]! }]).rows).not.toBe(at(inMonth + 3).rows)
    expect(at(inMonth + 3, [{ ...split, exDate: bars.sessions[inMonth + 2]! }]).rows).toBe(at(inMonth + 3).rows)
  })
})

it('sessions as bits are the sessions, of several sets those of any', () => {
  const some = fc.uniqueArray(fc.nat(399), { minLength: 1 })
  fc.assert(
    fc.property(fc.array(some, { minLength: 1, maxLength: 3 }), (sets) => {
      const sessionsAt = (rows: number[]) => rows.toSorted((a, b) => a - b).map((row) => bars.sessions[row]!)
      const bits = sets.map(sessionsAt).map((sessions) => ({ firstSession: sessions[0]!, bits: sessionBits(sessions) }))
      expect(sessionsOf(bits)).toEqual(sessionsAt([...new Set(sets.flat())]))
    }),
  )
})
