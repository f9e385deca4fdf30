import { describe, expect, it } from 'vitest'
import type { CorporateAction } from '#domain/market/actions.ts'
import { compareActionLists } from '#domain/market/compare-actions.ts'

const dividend = (exDate: string, cash: number, more: Partial<CorporateAction> = {}): CorporateAction => ({
  symbol: 'AAA',
  exDate,
  kind: 'dividend',
  cash,
  knownAt: `${exDate}T21:00:00.000Z`,
  basis: 'derived',
  ...more,
})

describe('comparing corporate actions', () => {
  it('tells added, removed and resized ones, and one whose basis is another', () => {
    const before = [dividend('2007-01-03', 0.1), dividend('2007-02-01', 0.2), dividend('2007-03-01', 0.3), dividend('2007-04-02', 0.4)]
    const after = [
      dividend('2007-04-02', 0.4, { basis: 'given' }),
      dividend('2007-03-01', 0.35),
      dividend('2007-01-03', 0.1),
      dividend('2007-05-01', 1),
    ]
    expect(compareActionLists(before, after)).toEqual({
      added: [after[3]],
      removed: [before[1]],
      changed: [
        { before: before[2], after: after[1] },
        { before: before[3], after: after[0] },
      ],
    })
  })

  it('matches several of one day by their sizes, and another kind or symbol with nothing', () => {
    const before = [dividend('2007-01-03', 0.1), dividend('2007-01-03', 0.2)]
    const after = [dividend('2007-01-03', 0.2), dividend('2007-01-03', 0.3), dividend('2007-01-03', 0.1, { symbol: 'BBB' })]
    expect(compareActionLists(before, after)).toEqual({
      added: [after[2]],
      removed: [],
      changed: [{ before: before[0], after: after[1] }],
    })
    expect(compareActionLists(before, before)).toEqual({ added: [], removed: [], changed: [] })
  })
})
