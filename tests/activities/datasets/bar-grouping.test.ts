import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BarGrouping } from '#activities/datasets/bar-grouping.ts'
import { asText } from '#activities/datasets/quarantine.ts'
import { Spill } from '#activities/spill.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { BarIntake } from '#domain/market/bar-intake.ts'
import { compareText } from '#domain/market/actions.ts'
import type { BarRow } from '#domain/market/parse-row.ts'
import { sessionOf } from '#domain/market/session-days.ts'

const latestSession = '2020-12-31'

async function grouped(rows: readonly BarRow[], bytesInMemory?: number) {
  const grouping = await BarGrouping.open({ file: 'bars.csv' }, bytesInMemory)
  try {
    for (const [index, row] of rows.entries()) {
      grouping.add(row, index + 2, { raw: `raw ${index + 2}` })
      await grouping.settle()
    }
    const found = { bars: [] as BarColumns[], refused: [] as { line: number; raw: string; reason: string }[] }
    for await (const { symbols, refused } of grouping.taken(latestSession, 4)) {
      found.bars.push(...symbols)
      for (const { line, raw, reason } of refused) found.refused.push({ line, raw, reason })
    }
    found.bars.sort((a, b) => compareText(a.symbol, b.symbol))
    found.refused.sort((a, b) => a.line - b.line)
    return found
  } finally {
    await grouping.close()
  }
}

/** What the rules say of the same rows when all of them are in memory. */
function atOnce(rows: readonly BarRow[]) {
  const intake = new BarIntake(latestSession)
  const refused = rows.flatMap((row, index) => {
    const reason = intake.offer(row, index + 2)
    return reason === undefined ? [] : [{ line: index + 2, raw: `raw ${index + 2}`, reason }]
  })
  for (const { line, reason, bar } of intake.contradicted()) refused.push({ line, raw: asText(bar), reason })
  return { bars: intake.bars(), refused: refused.sort((a, b) => a.line - b.line) }
}

const row = fc.record({
  symbol: fc.constantFrom('A', 'B', 'CON', '^GSPC', 'S1', 'S2'),
  session: fc.integer({ min: 18_000, max: 18_020 }).map(sessionOf),
  open: fc.constant(10),
  high: fc.constant(11),
  low: fc.constant(9),
  close: fc.constantFrom(10, 10.5),
  volume: fc.constant(100),
  adjustedClose: fc.constantFrom(Number.NaN, 5.25),
})

describe('rows that are grouped on disk', () => {
  it('are taken and refused as if all of them were in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), fc.constantFrom(0, 200, 1e6), async (rows, bytesInMemory) => {
        expect(await grouped(rows, bytesInMemory)).toEqual(atOnce(rows))
      }),
      { numRuns: 60 },
    )
  })

  it('are found again over many blocks, duplicates and contradictions far apart included', async () => {
    const first = Array.from({ length: 1_500 }, (_, day): BarRow[] =>
      ['A', 'B', 'CON'].map((symbol) => ({
        symbol,
        session: sessionOf(15_000 + day),
        open: 10,
        high: 11,
        low: 9,
        close: 10 + (day % 7) / 10,
        volume: day,
        adjustedClose: Number.NaN,
      })),
    ).flat()
    const again = [{ ...first[0]! }, { ...first[100]!, close: 9.5 }, { ...first[4_000]! }]
    const rows = [...first, ...again]
    const found = await grouped(rows, 20_000)
    expect(found).toEqual(atOnce(rows))
    expect(found.refused.map(({ line }) => line)).toEqual([102, 4_502, 4_503, 4_504])
  })

  it('that name more symbols than any market has are refused with the line', async () => {
    const grouping = await BarGrouping.open({ file: 'bars.csv' })
    const add = (symbol: string, line: number) =>
      grouping.add({ symbol, session: '2020-01-02', open: 1, high: 1, low: 1, close: 1, volume: 1, adjustedClose: Number.NaN }, line, {
        raw: '',
      })
    try {
      for (let symbol = 0; symbol < 100_000; symbol++) add(`S${symbol}`, symbol + 2)
      expect(() => add('TOOMANY', 100_002)).toThrow(/line 100002 of bars\.csv names TOOMANY, after 100000 other symbols/)
    } finally {
      await grouping.close()
    }
  })
})

describe('a spill', () => {
  it('gives each bucket its records in the order in which they came, and texts as they were', async () => {
    const bucket = fc.integer({ min: 0, max: 3 })
    const step = fc.oneof(bucket, fc.string({ unit: 'grapheme' }))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 300 }), async (steps, times) => {
        const spill = await Spill.open(2)
        try {
          const expected: number[][] = [[], [], [], []]
          const texts: [number, string][] = []
          let count = 0
          for (const each of steps)
            if (typeof each === 'string') texts.push([spill.addText(each), each])
            else
              for (let time = 0; time < times; time++) {
                spill.add(each, Float64Array.of(each, count))
                expected[each]!.push(each, count++)
                await spill.settle(500)
              }
          await spill.settle(0)
          for (const [index, records] of expected.entries()) expect([...(await spill.records(index))]).toEqual(records)
          for (const [at, text] of texts) expect(await spill.text(at)).toBe(text)
        } finally {
          await spill.close()
        }
      }),
      { numRuns: 30 },
    )
  })
})
