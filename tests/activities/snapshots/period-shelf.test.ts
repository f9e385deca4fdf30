import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PeriodShelf } from '#activities/snapshots/period-shelf.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'

/** Each symbol cut where it was asked for, the pieces in periods of the same number. */
async function shelved(symbols: readonly BarColumns[], cuts: readonly number[], mostInMemory: number): Promise<BarColumns[][]> {
  const shelf = new PeriodShelf(mostInMemory)
  const periods: BarColumns[][] = []
  try {
    for (const bars of symbols) {
      const ends = [...cuts.filter((at) => at < bars.sessions.length), bars.sessions.length]
      await shelf.add(
        bars,
        ends.map((to, i) => ({ period: `p${i}`, from: ends[i - 1] ?? 0, to })),
      )
    }
    for await (const pieces of shelf.take()) periods.push(pieces)
    return periods
  } finally {
    await shelf.close()
  }
}

it('gives the bars of each period in the order of time, from memory and from disk alike', async () => {
  const bars = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 })
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { maxLength: 4 }).map((ends) => ends.toSorted((a, b) => a - b))
  await fc.assert(
    fc.asyncProperty(bars, cuts, fc.integer({ min: 0, max: 200 }), async (rows, ends, mostInMemory) => {
      const symbols = rows.map((count, i) => ({
        ...walkBars(`S${i}`, count, i),
        adjustedClose: i % 2 === 0 ? undefined : new Float64Array(count).fill(5),
      }))
      const periods = await shelved(symbols, ends, Number.POSITIVE_INFINITY)
      expect(await shelved(symbols, ends, mostInMemory)).toEqual(periods)
      expect(periods.map((pieces) => pieces[0]!.sessions[0]!)).toEqual(periods.map((pieces) => pieces[0]!.sessions[0]!).toSorted())
      for (const { symbol, sessions } of symbols)
        expect(
          periods
            .flat()
            .filter((piece) => piece.symbol === symbol)
            .flatMap((piece) => piece.sessions),
        ).toEqual(sessions)
    }),
    { numRuns: 40 },
  )
})
