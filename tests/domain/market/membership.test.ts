import { describe, expect, it } from 'vitest'
import { Membership } from '#domain/market/membership.ts'
import { universeNamed } from '#domain/market/universe.ts'

const span = (symbol: string, from: string, to: string) => ({ symbol, from, to })
const spans = [
  span('AAPL', '2000-01-03', '2002-06-28'),
  span('AAPL', '2004-01-02', '2099-12-31'),
  span('LEH', '2000-01-03', '2099-12-31'),
  span('NEW', '2008-10-01', '2099-12-31'),
]
// delisted before it was to enter
const ends = new Map([
  ['LEH', { exDate: '2008-09-17' }],
  ['NEW', { exDate: '2008-09-30' }],
])
const members = new Membership({ name: 'large', spans }, ends)

describe('a membership', () => {
  it('has both ends of its spans, and ends with the last session of what is delisted', () => {
    const on = (symbol: string, sessions: string[]) => sessions.map((session) => members.spanOn(symbol, session) !== undefined)
    expect(on('AAPL', ['1999-12-31', '2000-01-03', '2002-06-28', '2002-07-01', '2004-01-02'])).toEqual([false, true, true, false, true])
    expect(on('LEH', ['2008-09-16', '2008-09-17', '2020-01-02'])).toEqual([true, false, false])
    expect(on('OTHER', ['2005-01-03'])).toEqual([false])
    expect(members.names('NEW')).toBe(false)
  })

  it('is cut to the days that are asked for', () => {
    expect(members.between('AAPL', '2002-01-01', '2004-12-31')).toEqual([
      { from: '2002-01-01', to: '2002-06-28' },
      { from: '2004-01-02', to: '2004-12-31' },
    ])
    expect(members.between('AAPL', '2003-01-01', '2003-12-31')).toEqual([])
  })

  it('tells between two days of those alone that are not members throughout', () => {
    expect(members.exceptions(['AAPL', 'LEH', 'OTHER'], '2000-02-01', '2000-02-31')).toEqual([['OTHER', []]])
    expect(members.exceptions(['AAPL', 'LEH'], '2002-06-01', '2002-06-31')).toEqual([['AAPL', [{ from: '2002-06-01', to: '2002-06-28' }]]])
    // what lies elsewhere changes nothing
    const later = new Membership(
      { name: 'large', spans: [span('AAPL', '2000-01-03', '2002-06-28'), span('LEH', '1999-01-04', '2008-12-31')] },
      ends,
    )
    for (const [from, to] of [
      ['2000-02-01', '2000-02-31'],
      ['2002-06-01', '2002-06-31'],
    ] as const)
      expect(later.exceptions(['AAPL', 'LEH'], from, to)).toEqual(members.exceptions(['AAPL', 'LEH'], from, to))
  })
})

describe('a universe that is not there', () => {
  const all = ['all', 'csi300', 'csi500'].map((name) => ({ name, spans }))
  it('is told with those that are near, and all there are', () => {
    expect(universeNamed(all, 'csi300', 's')).toBe(all[1])
    expect(() => universeNamed(all, 'csi30', 'abc')).toThrow(
      'the snapshot abc has no universe csi30: did you mean csi300 or csi500? There are: all, csi300, csi500',
    )
    expect(() => universeNamed(all, 'nasdaq', 'abc')).toThrow('the snapshot abc has no universe nasdaq. There are: all, csi300, csi500')
    expect(() => universeNamed([], 'all', 'abc')).toThrow('It has none: they come with a Qlib folder, or in a file of their own')
  })
})
