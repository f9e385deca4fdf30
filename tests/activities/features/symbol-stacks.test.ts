import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Run } from '#activities/features/runs.ts'
import { columnsOfStack, computeStackCells, stacksOf } from '#activities/features/symbol-stacks.ts'
import { parse } from '#domain/expressions/parse.ts'
import { print } from '#domain/expressions/print.ts'
import { ownReach } from '#domain/expressions/reach.ts'
import { restartClasses, restartRow } from '#domain/expressions/restart.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { computeColumns } from '#domain/features/compute-features.ts'
import { Series } from '#domain/features/series-ends.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import { sliceBars } from '#domain/market/bars.ts'
import { walkBars } from '#tests/support/bars.ts'
import { expressions } from '../../domain/expressions/arbitrary.ts'
import '#tests/support/property-seed.ts'

type Last = { symbol: string; rows: number; kept: number; seed: number; split: boolean }

const last = fc.record({
  rows: fc.integer({ min: 3, max: 400 }),
  kept: fc.integer({ min: 1, max: 3 }),
  seed: fc.nat(1000),
  split: fc.boolean(),
})
const market = fc
  .array(last, { minLength: 1, maxLength: 7 })
  .map((symbols) => symbols.map((each, index): Last => ({ ...each, symbol: `S${index}` })))

/** Runs over the last rows of some symbols, each as late as it may begin, and what the whole series has on the rows that they keep. */
function runsOf(texts: readonly string[], symbols: readonly Last[]) {
  const { classes } = restartClasses(texts.map(parse), { gaps: false })
  const lists = classes.map(({ members }) => members.map((member) => texts[member]!))
  return symbols.flatMap(({ symbol, rows, kept, seed, split }) => {
    const bars = walkBars(symbol, rows, seed)
    const actions: CorporateAction[] = split
      ? [{ symbol, exDate: bars.sessions[rows >> 1]!, kind: 'split', ratio: 2, knownAt: '', basis: 'given' }]
      : []
    const series = new Series({ ...bars, knownAt: [] }, actions, undefined)
    const keep = { from: rows - kept, to: rows }
    return classes.map((each, index) => {
      const read = { from: restartRow(each, keep.from), to: rows }
      const run: Run = { expressions: lists[index]!, read, keep, every: each.history > keep.from ? undefined : each.every }
      const whole = computeColumns(lists[index]!.map(parse), bars, actions)
      return { owner: whole.map((column) => column.slice(keep.from)), series, run }
    })
  })
}

const bitsOf = (column: Float32Array) => [...new Uint32Array(column.slice().buffer)]

function assertSame(texts: readonly string[], symbols: readonly Last[]) {
  for (const { stack, answers } of stacksOf(runsOf(texts, symbols))) {
    const columns = columnsOfStack(stack, computeStackCells(stack))
    for (const { owner, at } of answers)
      for (const [index, expected] of owner.entries())
        expect(bitsOf(columns[index]!.subarray(at, at + expected.length))).toEqual(bitsOf(expected))
  }
}

it('answers the bits of each symbol by itself, whatever expressions and symbols', () => {
  const bounded = fc.array(
    expressions().filter((each) => each.kind === 'call' && !ownReach(each).recursive),
    { minLength: 1, maxLength: 4 },
  )
  fc.assert(
    fc.property(bounded, market, (some, symbols) => {
      assertSame([...new Set(some.map(print))], symbols)
    }),
  )
})

it('of Alpha158 puts symbols of some age together, and leaves those that have just been listed by themselves', () => {
  const texts = alpha158.features.map(({ expression }) => print(parse(expression))).filter((text) => !text.includes('$vwap'))
  const symbols = [400, 61, 200, 30, 130].map((rows, index): Last => ({ symbol: `S${index}`, rows, kept: 1, seed: index, split: true }))
  assertSame(texts, symbols)
  const stacks = stacksOf(runsOf(texts, symbols)).map(({ stack }) => [stack.together, stack.pieces.map(({ symbol }) => symbol)])
  expect(stacks).toEqual([
    [true, ['S0', 'S1', 'S2', 'S4']],
    [false, ['S3']],
  ])
})

it('has rows of NaN for a symbol without a column that another one has', () => {
  const [plain, priced] = [walkBars('A', 90, 1), walkBars('B', 90, 2)]
  const runOf = (expressions: string[]): Run => ({ expressions, read: { from: 60, to: 90 }, keep: { from: 88, to: 90 }, every: 5 })
  const run = runOf(['Mean($vwap, 5)'])
  const owned = [plain, { ...priced, vwap: priced.close }].map((bars) => ({
    owner: computeColumns([parse('Mean($vwap, 5)')], bars, [])[0]!.slice(88),
    series: new Series({ ...sliceBars(bars, 0, 90), knownAt: [] }, [], undefined),
    run,
  }))
  const [{ stack, answers }] = stacksOf(owned) as [ReturnType<typeof stacksOf<Float32Array>>[number]]
  const [column] = columnsOfStack(stack, computeStackCells(stack)) as [Float32Array]
  expect(answers.map(({ owner, at }) => [...owner].map((value, row) => Object.is(value, column[at + row])))).toEqual([
    [true, true],
    [true, true],
  ])
  expect([...column].map(Number.isNaN)).toEqual([true, true, false, false])
})
