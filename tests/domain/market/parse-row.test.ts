import { describe, expect, it } from 'vitest'
import { parseRow, type RowText } from '#domain/market/parse-row.ts'

const good: RowText = {
  symbol: 'AAPL',
  session: '2000-03-01',
  open: '118.56',
  high: '132.06',
  low: '118.5',
  close: '130.31',
  volume: '9616100',
}
const reasonOf = (change: Partial<RowText>) => {
  const row = parseRow({ ...good, ...change })
  return 'reason' in row ? row.reason : undefined
}

describe('a row of text', () => {
  it('is read into numbers', () => {
    expect(parseRow({ ...good, adjustedClose: '4.186662803811' })).toEqual({
      symbol: 'AAPL',
      session: '2000-03-01',
      open: 118.56,
      high: 132.06,
      low: 118.5,
      close: 130.31,
      volume: 9616100,
      adjustedClose: 4.186662803811,
    })
    expect(parseRow({ ...good, adjustedClose: '' })).toMatchObject({ adjustedClose: Number.NaN })
    expect(parseRow({ ...good, volume: '-0' })).toMatchObject({ volume: 0 })
    expect(Object.is((parseRow({ ...good, volume: '-0' }) as { volume: number }).volume, 0)).toBe(true)
  })

  it('spells its symbol as all do, and refuses what is none', () => {
    expect(parseRow({ ...good, symbol: 'brk-b' })).toMatchObject({ symbol: 'BRK.B' })
    expect(reasonOf({ symbol: '../X' })).toBe("symbol '../X' is not a ticker of at most 20 letters, digits and . ^ = -")
  })

  it.each(['', '2000-02-30', '2001-02-29', '03/01/2000', '20000301', '2000-3-1', '2000-03-01T00:00:00Z', '٢٠٠٠-٠٣-٠١'])(
    'refuses the date %j',
    (session) => expect(reasonOf({ session })).toMatch(/^session '.*YYYY-MM-DD/),
  )

  it('knows leap years', () => expect(reasonOf({ session: '2004-02-29' })).toBeUndefined())

  it.each(['nan', 'NaN', 'inf', '-Infinity', '1e999', '-1e999'])('refuses %s as not finite', (close) =>
    expect(reasonOf({ close })).toMatch(/^close '.*' is not finite$/),
  )

  it.each(['1.234,56', '1,234.56', '$5', '5%', '0x10', '1_000', '٣', '--1', 'e5', '.', '1 2'])('refuses the number %j', (open) =>
    expect(reasonOf({ open })).toMatch(/^open '.*' is not a number/),
  )

  it('names an empty field', () => expect(reasonOf({ volume: '' })).toBe('volume is empty'))

  it('shows no more of a huge field than a person can read', () =>
    expect(reasonOf({ high: '9x'.repeat(100_000) })!.length).toBeLessThan(120))
})
