import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BarIntake } from '#domain/market/bar-intake.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { latestSessionAt } from '#domain/market/session-days.ts'

const bar = (fields: Partial<BarRow> = {}): BarRow => ({
  symbol: 'A',
  session: '2020-01-02',
  open: 10,
  high: 11,
  low: 9,
  close: 10.5,
  volume: 100,
  adjustedClose: Number.NaN,
  ...fields,
})

const intakeOf = (...rows: BarRow[]) => {
  const intake = new BarIntake('2020-12-31')
  return { intake, reasons: rows.map((row, i) => intake.offer(row, i + 2)) }
}

describe('what no market can have traded', () => {
  it.each<[Partial<BarRow>, string]>([
    [{ close: -1 }, 'close -1 is not above zero'],
    [{ low: 0 }, 'low 0 is not above zero'],
    [{ volume: -5 }, 'volume -5 is negative'],
    [{ adjustedClose: 0 }, 'adjusted close 0 is not above zero'],
    [{ high: 8 }, 'high 8 is below low 9'],
    [{ open: 12 }, 'open 12 is outside low 9 to high 11'],
    [{ close: 8.99 }, 'close 8.99 is outside low 9 to high 11'],
    [{ session: '2021-01-01' }, 'session 2021-01-01 is in the future'],
  ])('refuses %j', (fields, reason) => expect(intakeOf(bar(fields)).reasons).toEqual([reason]))

  it('takes a session without a trade, and one at a single price', () => {
    expect(intakeOf(bar({ volume: 0, open: 10, high: 10, low: 10, close: 10 })).reasons).toEqual([undefined])
  })

  it('calls a date future once it is tomorrow everywhere on earth', () => {
    expect(latestSessionAt('2026-01-01T09:59:00Z')).toBe('2026-01-01')
    expect(latestSessionAt('2026-01-01T10:00:00Z')).toBe('2026-01-02')
  })
})

describe('rows of a file together', () => {
  it('names a session that goes backwards', () => {
    expect(intakeOf(bar({ session: '2020-01-03' }), bar({ session: '2020-01-02' })).reasons[1]).toMatch(/2020-01-02 comes after 2020-01-03/)
    expect(intakeOf(bar({ session: '2020-01-03' }), bar({ symbol: 'B', session: '2020-01-02' })).reasons).toEqual([undefined, undefined])
  })

  it('counts a repeated bar once', () => {
    const { intake, reasons } = intakeOf(bar(), bar({ session: '2020-01-03' }), bar())
    expect(reasons).toEqual([undefined, undefined, 'repeats line 2 with the same values'])
    expect(intake.contradicted()).toEqual([])
    expect(intake.bars()[0]!.sessions).toEqual(['2020-01-02', '2020-01-03'])
  })

  it('uses neither of two bars that contradict each other, nor a third', () => {
    const { intake, reasons } = intakeOf(bar(), bar({ close: 10.6 }), bar(), bar({ session: '2020-01-03' }))
    expect(reasons.slice(1, 3)).toEqual(Array(2).fill('gives other values than line 2 for the same bar'))
    expect(intake.contradicted()).toMatchObject([{ line: 2, bar: bar() }])
    expect(intake.bars()).toMatchObject([{ sessions: ['2020-01-03'] }])
  })

  it('forgets a symbol of which nothing is left', () => {
    expect(intakeOf(bar(), bar({ volume: 7 })).intake.bars()).toEqual([])
  })

  it('accounts for every line: taken + refused + contradicted = offered, and what is taken ascends', () => {
    const row = fc.record({
      symbol: fc.constantFrom('A', 'B'),
      session: fc.integer({ min: 1, max: 9 }).map((day) => `2020-01-0${day}`),
      close: fc.constantFrom(10, 10.5, -1, 20),
    })
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const { intake, reasons } = intakeOf(...rows.map((fields) => bar(fields)))
        const taken = intake.bars()
        const kept = taken.reduce((sum, { sessions }) => sum + sessions.length, 0)
        expect(kept + reasons.filter((reason) => reason !== undefined).length + intake.contradicted().length).toBe(rows.length)
        for (const { sessions } of taken) expect([...new Set(sessions)].sort()).toEqual(sessions)
      }),
    )
  })
})
