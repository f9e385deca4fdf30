import { describe, expect, it } from 'vitest'
import { xnys } from '#domain/calendar/calendars.ts'
import { computeFeatures } from '#domain/features/compute-features.ts'
import { calendarContents, countBars, onCalendar, readsAll } from '#domain/features/calendar-grid.ts'
import { parse } from '#domain/expressions/parse.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { adjustBars, priceFactors, splitFactors } from '#domain/market/factors.ts'

function barsOn(...sessions: string[]): BarColumns {
  const column = (first: number) => Float64Array.from(sessions, (_, row) => first + row)
  return {
    symbol: 'AAA',
    sessions,
    open: column(10),
    high: column(11),
    low: column(9),
    close: column(10),
    volume: column(1000),
    adjustedClose: undefined,
    knownAt: sessions.map((session) => `${session}T21:00:00.000Z`),
  }
}

describe('bars on a calendar', () => {
  it('have a row of NaN for each session without a bar, and keep bars of other days', () => {
    // a Saturday with a bar; 2012-10-29 and -30 were no sessions
    const bars = onCalendar(barsOn('2012-10-25', '2012-10-27', '2012-10-31', '2012-11-02'), xnys.sessions)
    expect(bars.sessions).toEqual(['2012-10-25', '2012-10-26', '2012-10-27', '2012-10-31', '2012-11-01', '2012-11-02'])
    expect([...bars.close]).toEqual([10, NaN, 11, 12, NaN, 13])
    expect([...bars.volume]).toEqual([1000, NaN, 1001, 1002, NaN, 1003])
    expect(bars.knownAt.slice(0, 2)).toEqual(['2012-10-25T21:00:00.000Z', '2012-10-27T00:00:00.000Z'])
    expect([countBars(bars), countBars(bars, 2)]).toEqual([4, 1])
  })

  it('are themselves where none lacks, and where the calendar knows nothing', () => {
    for (const bars of [barsOn('2012-10-25', '2012-10-26', '2012-10-31'), barsOn('1950-01-03', '1951-01-03'), barsOn()])
      expect(onCalendar(bars, xnys.sessions)).toBe(bars)
  })

  it('go on from a month on, for a symbol that has earlier rows', () => {
    expect(onCalendar(barsOn('2012-11-05'), xnys.sessions, '2012-11').sessions).toEqual(['2012-11-01', '2012-11-02', '2012-11-05'])
  })

  it('are as many as the calendar has sessions, however few bars there are', () => {
    const bars = onCalendar(barsOn('1993-01-04', '2013-01-04'), xnys.sessions)
    expect([bars.sessions.length, countBars(bars)]).toEqual([xnys.sessionsBetween('1993-01-04', '2013-01-04').length, 2])
    const [mean, ref] = computeFeatures(
      [
        { name: 'mean', expression: 'Mean($close,3)' },
        { name: 'ref', expression: 'Ref($close,1)' },
      ],
      bars,
      [],
    )
    expect([mean!.at(2), mean!.at(3), mean!.at(-1), ref!.at(1), ref!.at(-1)]).toEqual([10, NaN, 11, 10, NaN])
  })

  it('are adjusted over a gap by the last close there was', () => {
    const bars = onCalendar(barsOn('2012-11-01', '2012-11-07', '2012-11-08'), xnys.sessions)
    const given = { symbol: 'AAA', exDate: '2012-11-05', knownAt: '2012-11-05T00:00:00Z', basis: 'given' } as const
    const actions = [{ ...given, kind: 'dividend', cash: 2 } as const, { ...given, exDate: '2012-11-08', kind: 'split', ratio: 2 } as const]
    const cash = 10 / 8
    expect([...priceFactors(bars, actions)]).toEqual([1, 1, cash, cash, cash, 2 * cash])
    expect([...splitFactors(bars, actions)]).toEqual([1, 1, 1, 1, 1, 2])
    expect([...adjustBars(bars, actions).close]).toEqual([10, NaN, NaN, NaN, 11 * cash, 12 * 2 * cash])
    // as of a computation that begins within the gap
    const earlier = { session: '2012-11-02', close: 10, price: 1, shares: 1 }
    const later = onCalendar(barsOn('2012-11-07', '2012-11-08'), xnys.sessions, '2012-11-05')
    expect([...priceFactors(later, actions, earlier)]).toEqual([cash, cash, cash, 2 * cash])
  })
})

it('what leaves out missing rows reads all of them where there are gaps, and its window where there are none', () => {
  const [whole, gaps] = [{ close: Float64Array.of(1, 2, 3) }, { close: Float64Array.of(1, NaN, 3) }]
  const reads = (expression: string) => [whole, gaps].map((bars) => readsAll([parse(expression)], bars))
  expect(reads('Mean($close,5)')).toEqual([false, false])
  expect(reads('Mean(TA_SMA($close,5),5)')).toEqual([false, true])
  expect(reads('TA_RSI($close,5)')).toEqual([true, true])
  // a vwap may be missing where there is a bar
  expect(reads('TA_SMA($vwap,5)')).toEqual([true, true])
})

describe('the content of a month', () => {
  const span = (symbol: string, firstSession: string, lastSession: string) => ({ symbol, firstSession, lastSession })
  const of = (...spans: ReturnType<typeof span>[]) => calendarContents(xnys.sessions, spans)

  it('is that of the months in which some symbol is listed', () => {
    const months = [...of(span('A', '2012-01-31', '2012-03-01'), span('B', '2012-06-01', '2012-06-04')).keys()]
    expect(months).toEqual(['2012-01', '2012-02', '2012-03', '2012-06'])
  })

  it('stays what it is when sessions are added after its last one, and changes when a suspension in it has ended', () => {
    const before = of(span('A', '2012-01-03', '2012-02-29'), span('B', '2012-01-03', '2012-02-10'))
    const added = of(span('A', '2012-01-03', '2012-03-01'), span('B', '2012-01-03', '2012-02-10'))
    const resumed = of(span('A', '2012-01-03', '2012-03-02'), span('B', '2012-01-03', '2012-03-02'))
    expect(added.get('2012-02')).toBe(before.get('2012-02'))
    expect(resumed.get('2012-01')).toBe(before.get('2012-01'))
    expect(resumed.get('2012-02')).not.toBe(before.get('2012-02'))
  })
})
