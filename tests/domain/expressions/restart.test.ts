import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, evaluateInto } from '#domain/expressions/evaluate.ts'
import type { Expression } from '#domain/expressions/expression.ts'
import { crossSectionOf, operatorNames } from '#domain/expressions/operators.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan } from '#domain/expressions/plan.ts'
import { print } from '#domain/expressions/print.ts'
import { lookahead, reach } from '#domain/expressions/reach.ts'
import { restartClasses, restartRow } from '#domain/expressions/restart.ts'
import { alpha158 } from '#domain/feature-sets/alpha158.ts'
import { technical } from '#domain/feature-sets/technical.ts'
import '#tests/support/property-seed.ts'
import { expressions } from './arbitrary.ts'
import { type Columns, columnNames as columns, rowsOf as from, walk as source } from './walk.ts'

type Source = { bars: Columns; gaps: boolean }

/** Answers of rows `row` to `end`, from a computation that begins where `restartClasses` says, and from one whose steps begin as late as each may. */
function restarted(asked: readonly Expression[], { bars, gaps }: Source, row: number, end: number): Float32Array[] {
  const { classes, fromFirst } = restartClasses(asked, { gaps })
  const answers: Float32Array[] = []
  const compute = (members: readonly number[], first: number) => {
    const own = members.map((index) => asked[index]!)
    const ahead = Math.max(0, ...own.map(lookahead))
    const read = from(bars, first, Math.min(bars.close!.length, end + ahead))
    const found = evaluate(plan(own, columns), read).map((column) => column.subarray(row - first))
    const fewer = found.map((column) => new Float32Array(column.length))
    evaluateInto(plan(own, columns), read, fewer, row - first)
    expect(bitsOf(fewer)).toEqual(bitsOf(found))
    members.forEach((index, at) => (answers[index] = found[at]!.slice(0, end - row)))
  }
  for (const each of classes) compute(each.members, restartRow(each, row))
  compute(fromFirst, 0)
  return answers
}

const bitsOf = (columns: readonly Float32Array[]) => columns.map((column) => Buffer.from(column.slice().buffer).toString('hex'))

function expectSameBits(asked: readonly Expression[], rows: number, seed: number, row: number, end: number, gaps: boolean): void {
  const bars = source(rows, seed, gaps)
  const whole = evaluate(plan(asked, columns), bars).map((column) => column.subarray(row, end))
  const again = restarted(asked, { bars, gaps }, row, end)
  asked.forEach((expression, index) => {
    expect([print(expression), ...bitsOf([again[index]!])]).toEqual([print(expression), ...bitsOf([whole[index]!])])
  })
}

/** Rounding alone: what of the last bits float32 would hide. */
const lastBits = (text: string) => `${text}*3-${text}-${text}-${text}`

const call = (name: string): string[] => {
  for (const prices of [
    '$close',
    '$high,$low',
    '$high,$low,$close',
    '$high,$low,$close,$volume',
    '$open,$high,$low,$close',
    '$close,$volume',
  ])
    for (const settings of ['', ',14', ',70', ',14,2', ',20,0.3', ',12,26', ',3,5', ',9,26,52', ',5,3,3', ',7,14,28', ',12,26,9']) {
      const text = `${name}(${prices}${settings})`
      try {
        parse(text)
        return [text]
      } catch {
        continue
      }
    }
  return []
}

describe('a computation that begins at a restart row', () => {
  // what all symbols of a session have is computed before
  const overTime = operatorNames.filter((name) => crossSectionOf({ kind: 'call', operator: name, arguments: [], at: 0 }) === undefined)
  const every = overTime.flatMap(call)

  it('is tried for each operator over time', () => {
    const tried = new Set(every.map((text) => text.slice(0, text.indexOf('('))))
    const overRows = ['Add', 'Sub', 'Mul', 'Div', 'Power', 'Gt', 'Ge', 'Lt', 'Le', 'Eq', 'Ne', 'And', 'Or', 'Not', 'If', 'Greater', 'Less']
    expect(overTime.filter((name) => !tried.has(name) && !overRows.includes(name))).toEqual([])
  })

  it.each(every)('%s: same bits', (text) => {
    // each alone, so that no other one makes it begin earlier
    for (const each of [text, lastBits(text), lastBits(`Mean(${text},7)`)])
      for (const row of [150, 64 * 12 + 14, 900])
        for (const gaps of [false, true]) expectSameBits([parse(each)], 1000, 5, row, row + 60, gaps)
  })

  it.each([
    ['alpha158', alpha158],
    ['technical', technical],
  ])('%s: same bits', (_, set) => {
    const asked = set.features.map(({ expression }) => parse(expression)).filter((expression) => !print(expression).includes('$vwap'))
    for (const row of [40, 399, 880]) for (const gaps of [false, true]) expectSameBits(asked, 1000, 7, row, Math.min(1000, row + 100), gaps)
  })

  it('alpha158 begins in one place, two windows before the first answer at most', () => {
    const asked = alpha158.features.map(({ expression }) => parse(expression)).filter((expression) => !print(expression).includes('$vwap'))
    const { classes, fromFirst } = restartClasses(asked, { gaps: true })
    expect([classes.map(({ every, history }) => [every, history]), fromFirst]).toEqual([[[60, 60]], []])
  })

  it('reads a cross-section as a column that may be missing', () => {
    const [windows, poisoned] = ['Mean(CSRank(EMA($close,5)),7)', 'Slope(CSZScore($close),5)'].map(parse)
    expect(restartClasses([windows!, poisoned!], { gaps: false })).toEqual({
      classes: [{ members: [0], every: 7, history: 6 }],
      fromFirst: [1],
    })
  })

  it('holds for any expressions together', () => {
    const given = fc.record({
      asked: fc.array(expressions({ ahead: true }), { minLength: 1, maxLength: 4 }),
      seed: fc.nat(1000),
      row: fc.integer({ min: 0, max: 590 }),
      count: fc.integer({ min: 1, max: 60 }),
      gaps: fc.boolean(),
    })
    fc.assert(
      fc.property(given, ({ asked, seed, row, count, gaps }) => {
        const readable = asked.filter((expression) => {
          try {
            return plan([expression], columns) && reach(expression)
          } catch {
            return false
          }
        })
        fc.pre(readable.length > 0)
        expectSameBits(readable, 600, seed, row, Math.min(600, row + count), gaps)
      }),
      { numRuns: 200 },
    )
  })
})
