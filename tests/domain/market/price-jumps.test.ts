import { describe, expect, it } from 'vitest'
import { carryApprovals, findPriceJumps } from '#domain/market/price-jumps.ts'
import { barsOf } from './walk.ts'

const split = (ratio: number, exDate: string) => ({
  symbol: 'TEST',
  exDate,
  kind: 'split' as const,
  ratio,
  knownAt: '',
  basis: 'given' as const,
})

describe('moves that look like a split', () => {
  it('holds one that nothing explains', () => {
    expect(findPriceJumps(barsOf([100, 49]), [])).toEqual([
      { symbol: 'TEST', session: '2020-01-02', previousClose: 100, close: 49, change: -0.51 },
    ])
    expect(findPriceJumps(barsOf([100, 200]), [])).toMatchObject([{ change: 1 }])
  })

  it('passes what a split explains, and moves below 4:3', () => {
    expect(findPriceJumps(barsOf([100, 51]), [split(2, '2020-01-02')])).toEqual([])
    expect(findPriceJumps(barsOf([100, 76, 100]), [])).toEqual([])
    expect(findPriceJumps(barsOf([100, 74, 100]), [])).toHaveLength(2)
  })

  it('holds a real fall that a wrong split hides', () => {
    expect(findPriceJumps(barsOf([100, 99]), [split(2, '2020-01-02')])).toHaveLength(1)
  })

  it('clears a fall that the vendor’s adjusted close shows as well, and no other', () => {
    expect(findPriceJumps(barsOf([53.5, 25.75], { adjustedClose: [26.75, 12.875] }), [])).toMatchObject([{ clearedBy: 'adjusted-close' }])
    expect(findPriceJumps(barsOf([53.5, 25.75], { adjustedClose: [26.75, 25.75] }), [])[0]!.clearedBy).toBeUndefined()
    expect(findPriceJumps(barsOf([53.5, 25.75], { adjustedClose: [26.75, Number.NaN] }), [])[0]!.clearedBy).toBeUndefined()
  })
})

describe('approvals of an earlier snapshot', () => {
  const [jump] = findPriceJumps(barsOf([100, 49]), [])

  it('count for the same two closes, and no others', () => {
    const earlier = [{ ...jump!, clearedBy: 'approval' as const }]
    expect(carryApprovals([jump!], earlier)).toEqual(earlier)
    expect(carryApprovals([{ ...jump!, close: 48 }], earlier)[0]!.clearedBy).toBeUndefined()
    expect(carryApprovals([jump!], [{ ...jump!, clearedBy: 'adjusted-close' }])[0]!.clearedBy).toBeUndefined()
  })
})
