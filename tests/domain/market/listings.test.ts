import { describe, expect, it } from 'vitest'
import type { CorporateAction } from '#domain/market/actions.ts'
import { listingEnds, refuseAfterEnd, symbolStatus } from '#domain/market/listings.ts'
import { findPriceJumps } from '#domain/market/price-jumps.ts'
import { Membership } from '#domain/market/membership.ts'
import { orderUniverse } from '#domain/market/universe.ts'

const action = (symbol: string, exDate: string, rest: Partial<CorporateAction>): CorporateAction => ({
  symbol,
  exDate,
  kind: 'delisting',
  knownAt: `${exDate}T00:00:00.000Z`,
  basis: 'given',
  ...rest,
})
const lehman = action('LEH', '2008-09-18', { return: -0.99 })
const facebook = action('FB', '2022-06-09', { kind: 'rename', to: 'META' })

describe('the end of a listing', () => {
  const ends = listingEnds([action('LEH', '2012-01-03', {}), lehman, facebook, action('IBM', '2009-01-02', { kind: 'split', ratio: 2 })])

  it('keeps what comes later under the same ticker out', () => {
    expect(refuseAfterEnd({ symbol: 'LEH', session: '2008-09-17' }, ends)).toBeUndefined()
    expect(refuseAfterEnd({ symbol: 'LEH', session: '2008-09-18' }, ends)).toMatch(/^LEH was delisted on 2008-09-18: .* another company's/)
    expect(refuseAfterEnd({ symbol: 'FB', session: '2025-06-26' }, ends)).toMatch(/^FB was renamed to META on 2022-06-09/)
    expect(refuseAfterEnd({ symbol: 'IBM', session: '2020-01-02' }, ends)).toBeUndefined()
  })

  it('leaves a status, with what a holder got', () => {
    const of = (symbol: string, actions: CorporateAction[], lastClose?: number) => symbolStatus(listingEnds(actions).get(symbol), lastClose)
    expect(of('LEH', [lehman, facebook], 0.21)).toEqual({ kind: 'delisted', on: '2008-09-18', delistingReturn: -0.99, cash: undefined })
    const bought = [action('X', '2020-01-02', { cash: 44 })]
    expect(of('X', bought, 40)).toMatchObject({ delistingReturn: 44 / 40 - 1 })
    expect(of('X', bought)).toMatchObject({ kind: 'delisted', delistingReturn: undefined, cash: 44 })
    expect(of('X', [action('X', '2020-01-02', {})], 40)).toMatchObject({ kind: 'delisted', delistingReturn: undefined })
    expect(of('FB', [lehman, facebook])).toEqual({ kind: 'renamed', on: '2022-06-09', to: 'META' })
    expect(of('IBM', [lehman, facebook])).toEqual({ kind: 'listed' })
  })
})

describe('more than a year without a bar', () => {
  const bars = (adjustedClose: number[] | undefined) => ({
    symbol: 'XYZ',
    sessions: ['2010-03-01', '2010-03-02', '2012-03-05'],
    ...Object.fromEntries(['open', 'high', 'low', 'close', 'volume'].map((field) => [field, Float64Array.of(10, 10, 11)])),
    adjustedClose: adjustedClose && Float64Array.from(adjustedClose),
    knownAt: [],
  })
  const jumpsOf = (adjustedClose?: number[]) => findPriceJumps(bars(adjustedClose) as unknown as Parameters<typeof findPriceJumps>[0], [])

  it('waits for a person, however small the move: another company may have taken the ticker', () => {
    expect(jumpsOf()).toMatchObject([{ session: '2012-03-05', gapDays: 734 }])
    expect(jumpsOf()[0]).not.toHaveProperty('clearedBy')
  })

  it('is cleared by a vendor who adjusts one series across it', () =>
    expect(jumpsOf([5, 5, 5.5])).toMatchObject([{ gapDays: 734, clearedBy: 'adjusted-close' }]))
})

describe('a universe', () => {
  const spans = [
    { symbol: 'IBM', from: '2000-01-03', to: '2030-12-31' },
    { symbol: 'LEH', from: '2000-01-03', to: '2030-12-31' },
    { symbol: 'AAPL', from: '2009-01-02', to: '2010-01-04' },
    { symbol: 'AAPL', from: '2000-01-03', to: '2002-01-02' },
  ]
  const universe = orderUniverse({ name: 'large', spans: [...spans, spans[0]!] })
  const on = (session: string) => new Membership(universe, listingEnds([lehman])).on(session)

  it('counts the delisted until their last session, and whom it took back', () => {
    expect(on('2002-01-02')).toEqual(['AAPL', 'IBM', 'LEH'])
    expect(on('2008-09-17')).toEqual(['IBM', 'LEH'])
    expect(on('2008-09-18')).toEqual(['IBM'])
    expect(on('2010-01-04')).toEqual(['AAPL', 'IBM'])
    expect(on('1999-12-31')).toEqual([])
  })

  it('is in one order, each span once', () =>
    expect(universe.spans.map(({ symbol, from }) => `${symbol} ${from}`)).toEqual([
      'AAPL 2000-01-03',
      'AAPL 2009-01-02',
      'IBM 2000-01-03',
      'LEH 2000-01-03',
    ]))

  it('that contradicts itself is refused', () => {
    expect(() => orderUniverse({ name: 'u', spans: [{ symbol: 'A', from: '2020-01-03', to: '2020-01-02' }] })).toThrow(
      'A leaves the universe u on 2020-01-02, before it enters on 2020-01-03',
    )
    expect(() => orderUniverse({ name: 'u', spans: [spans[3]!, { symbol: 'AAPL', from: '2001-01-02', to: '2003-01-02' }] })).toThrow(
      'AAPL is in the universe u twice from 2001-01-02 to 2002-01-02',
    )
  })
})
