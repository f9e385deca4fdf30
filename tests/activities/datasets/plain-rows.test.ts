import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readCsvRows } from '#activities/datasets/csv-rows.ts'
import { type PlainColumn, PlainRows } from '#activities/datasets/plain-rows.ts'
import { parseRow } from '#domain/market/parse-row.ts'

const columns = ['symbol', 'session', 'open', 'high', 'low', 'close', undefined, 'volume', 'adjustedClose'] as const
/** As above, but that the column that means nothing there is the volume-weighted price. */
const withVwap = columns.map((column) => column ?? 'vwap')

/** A reader that has seen some symbols and dates. */
function reader(of: readonly PlainColumn[] = columns): PlainRows {
  const plain = new PlainRows(of)
  for (const symbol of ['A', 'BRK.B'])
    for (const session of ['2020-01-02', '2020-01-03'])
      plain.learn({ symbol, session }, { symbol, session, open: 1, high: 1, low: 1, close: 1, volume: 1, adjustedClose: 1 })
  return plain
}

const read = (plain: PlainRows, text: string) => {
  const block = Buffer.from(`before\n${text}\nafter`)
  return plain.read(block, 7)
}

const decimal = fc.oneof(
  fc.stringMatching(/^\d{1,20}$/),
  fc.stringMatching(/^\d{0,12}\.\d{0,12}$/),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom('', '.', '1.2.3', '-0', '-1', '+1', '1e999', 'NaN', '0', '1,5', ' 1', '"1"', '9007199254740993', '0.1000000000000000055'),
)
const lineWith = (ignored: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.constantFrom('A', 'BRK.B', 'C', '', ' A', '"A"', 'a'),
      fc.constantFrom('2020-01-02', '2020-01-03', '2020-01-06', '2020-1-3', '20200103', '', '2020-01-02T'),
      decimal,
      decimal,
      decimal,
      decimal,
      ignored,
      decimal,
      decimal,
    )
    .map((fields) => fields.join(','))

describe('a plain line', () => {
  it.each([
    ['a column that means nothing', columns, fc.constantFrom('', 'note', 'a "note"', '漢')],
    ['a vwap', withVwap, decimal],
  ] as const)('with %s is read as the strict rules read it, or left to them', (_, of, field) => {
    let plain = 0
    fc.assert(
      fc.property(lineWith(field), (text) => {
        const row = read(reader(of), text)
        if (row === undefined) return
        plain++
        const fields = text.split(',')
        const named = Object.fromEntries(of.flatMap((name, at) => (name === undefined ? [] : [[name, fields[at]!]])))
        expect(row).toEqual(parseRow(named as Parameters<typeof parseRow>[0]))
      }),
      { numRuns: 2_000 },
    )
    expect(plain).toBeGreaterThan(0)
  })

  it('knows nothing of the line before where a field is empty', () => {
    const plain = reader(withVwap)
    const full = read(plain, 'A,2020-01-02,1,2,1,1.5,1.25,7,1')
    expect([full?.vwap, full?.adjustedClose]).toEqual([1.25, 1])
    const empty = read(plain, 'A,2020-01-03,1,2,1,1.5,,7,')
    expect([empty?.vwap, empty?.adjustedClose]).toEqual([Number.NaN, Number.NaN])
  })

  it.each(['A,2020-01-02,1,2.5,.5,1.25,note,100,', 'BRK.B,2020-01-03,1.,2,1,1,,0,0.1000000000000000055'])('is %s', (text) =>
    expect(read(reader(), text)).toBeDefined(),
  )

  it.each([
    ['an unknown symbol', 'C,2020-01-02,1,2,1,1,,1,1'],
    ['an unknown date', 'A,2020-01-06,1,2,1,1,,1,1'],
    ['a quote', 'A,2020-01-02,1,2,1,1,"x",1,1'],
    ['a missing field', 'A,2020-01-02,1,2,1,1,,1'],
    ['a field too many', 'A,2020-01-02,1,2,1,1,,1,1,1'],
    ['an exponent', 'A,2020-01-02,1e2,2,1,1,,1,1'],
  ])('has not %s', (_, text) => expect(read(reader(), text)).toBeUndefined())
})

it('gives the rows of a file however many of its lines are plain', async () => {
  const text = [
    'symbol,date,open,high,low,close,volume',
    ...['A', 'A', ' A', '"A"', 'A'].map((symbol) => `${symbol},2020-01-02,1,2,1,1.5,7`),
  ]
  const rows = []
  const source = async function* () {
    yield Buffer.from(text.join('\n'))
  }
  for await (const batch of readCsvRows(source(), 'bars.csv'))
    for (const { line: number, raw, row } of batch) rows.push({ line: number, raw, row: { ...row } })
  expect(rows.map(({ line: number }) => number)).toEqual([2, 3, 4, 5, 6])
  expect(new Set(rows.map(({ row }) => JSON.stringify(row))).size).toBe(1)
  expect(rows.map(({ raw }) => raw)).toEqual(text.slice(1))
})
