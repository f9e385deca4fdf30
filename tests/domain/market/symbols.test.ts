import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ticker } from '#contracts/words.ts'
import { readSymbol } from '#domain/market/symbols.ts'

describe('a symbol', () => {
  it.each([
    ['BRK.B', 'BRK.B'],
    ['BRK-B', 'BRK.B'],
    ['brk/b', 'BRK.B'],
    ['BRK B', 'BRK.B'],
    [' AAPL ', 'AAPL'],
    ['^GSPC', '^GSPC'],
    ['000001.SZ', '000001.SZ'],
    ['sh600000', 'SH600000'],
    ['BTC-USD', 'BTC-USD'],
    ['VOD.L', 'VOD.L'],
    ['BF-Z', 'BF-Z'],
    ['CON', 'CON'],
    ['NaN', 'NAN'],
    ['NULL', 'NULL'],
    ['true', 'TRUE'],
    ['ES=F', 'ES=F'],
  ])('%j is spelt %s', (text, symbol) => expect(readSymbol(text)).toBe(symbol))

  it.each([
    '',
    '.',
    '..',
    '../x',
    '..\\x',
    '%252e%252e',
    '%2e%2e',
    'A/B/C',
    'A\0B',
    'A\nB',
    'A\u007f',
    'АAPL',
    'AAPL\u200b',
    'ＡＡＰＬ',
    'ſ',
    '-A',
    '=',
    'A'.repeat(21),
    ' '.repeat(1_000) + 'A',
  ])('%j is none', (text) => expect(readSymbol(text)).toBeUndefined())

  it('is one that the contract takes, whatever the text; and spelling it again changes nothing', () => {
    const text = fc.oneof(fc.string({ maxLength: 24 }), fc.stringMatching(/^[A-Za-z0-9^]{1,6}[-./ ]?[A-Z]{0,3}$/))
    fc.assert(
      fc.property(text, (written) => {
        const symbol = readSymbol(written)
        fc.pre(symbol !== undefined)
        expect(Ticker.safeParse(symbol).success).toBe(true)
        expect(readSymbol(symbol)).toBe(symbol)
        expect(readSymbol(written.toLowerCase())).toBe(symbol)
      }),
    )
  })
})
