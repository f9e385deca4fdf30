import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluate, evaluateInto } from '#domain/expressions/evaluate.ts'
import type { Expression } from '#domain/expressions/expression.ts'
import { parse } from '#domain/expressions/parse.ts'
import { plan, type Plan } from '#domain/expressions/plan.ts'
import { print } from '#domain/expressions/print.ts'
import { lookahead, ownReach } from '#domain/expressions/reach.ts'
import { countedFrom, earliestOf, type KnownStates, recursiveSteps, type Resumption, startsOf } from '#domain/expressions/starts.ts'
import { barRows, countBars } from '#domain/features/calendar-grid.ts'
import '#tests/support/property-seed.ts'
import { expressions } from './arbitrary.ts'
import { type Columns, columnNames, rowsOf, walk } from './walk.ts'

const bitsOf = (columns: readonly ArrayBufferView[]) =>
  columns.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer.slice(byteOffset, byteOffset + byteLength)).toString('hex'))

const numbersOf = (asked: Plan) => recursiveSteps(asked).reduce((sum, { size }) => sum + size, 0)

/** States before rows, which were written one after the other. */
function knownAt(asked: Plan, rows: readonly number[], states: Float64Array): KnownStates[] {
  let at = 0
  return rows.map((row) => ({
    row,
    states: new Map(recursiveSteps(asked).map(({ name, size }) => [name, states.slice(at, (at += size))])),
  }))
}

/** Answers of all rows, and the states before some. */
function computeWhole(asked: Plan, bars: Columns, ends: readonly number[]) {
  const answers = asked.outputs.map(() => new Float32Array(bars.close!.length))
  const states = new Float64Array(ends.length * numbersOf(asked))
  evaluateInto(asked, bars, answers, 0, { starts: startsOf(asked, 0), ends, states })
  return { answers, states, known: knownAt(asked, ends, states) }
}

type Where = { row: number; end: number; ends: number[]; missing: Resumption['missing']; ahead: number }

/** Answers of rows `row` to `end` from what is known of earlier ones, and the states before `ends`. */
function resume(asked: Plan, bars: Columns, known: readonly KnownStates[], { row, end, ends, missing, ahead }: Where) {
  const starts = startsOf(asked, row, { known, missing })
  const from = earliestOf(starts)
  const read = rowsOf(bars, from, end + ahead)
  const answers = asked.outputs.map(() => new Float32Array(read.close!.length - (row - from)))
  const states = new Float64Array(ends.length * numbersOf(asked))
  evaluateInto(asked, read, answers, row - from, { starts: countedFrom(starts, from), ends: ends.map((each) => each - from), states })
  return { from, answers: answers.map((column) => column.subarray(0, end - row)), states }
}

const lastBits = (text: string) => `${text}*3-${text}-${text}-${text}`

/** Of the rows from one on it is known which have a bar, and of those before how many. */
const atHand = ({ close }: Columns, from: number) =>
  barRows({ close: close!.subarray(from) }, { rows: from, bars: countBars({ close: close! }, from) })

/** Where each begins for row 500, with states known before 300, 440, 480 and 500, and no row missing. */
const begins: [text: string, from: number][] = [
  ['EMA($close,12)', 500],
  ['TA_RSI($close,14)', 500],
  ['TA_MACD($close,12,26,9)-TA_MACD_HIST($close,12,26,9)', 500],
  ['TA_KAMA($close,10)', 500],
  ['TA_OBV($close,$volume)', 500],
  ['TA_ADX($high,$low,$close,14)/TA_ATR($high,$low,$close,14)', 500],
  // the window before 500 begins with a multiple of 20
  ['EMA(Mean($close,20),12)', 480],
  ['Mean(EMA($close,12),20)', 480],
  ['Mean(EMA($close,12),30)', 440],
  ['Ref(EMA($close,12),21)', 440],
  ['EMA(EMA(EMA($close,3),4),5)', 500],
  ['EMA(Mean(EMA(Mean($close,7),9),20),12)', 469],
  ['TA_SMA($close,5)/TA_EMA($close,12)', 448],
  ['TA_T3(TA_EMA($high,5),5,0.7)', 500],
  ['Mean(EMA($close,12),250)', 0],
  // a regression is poisoned by an infinity that lies anywhere before
  ['Slope(EMA($close,5),10)', 0],
  ['TA_SMA(TA_EMA($close,5),7)', 0],
  // too long a window to keep
  ['TA_KAMA($close,600)', 0],
]

/** Windows that leave out missing rows. */
const windows = [
  'TA_SMA($close,20)',
  'TA_WMA($close,14)',
  'TA_BBANDS_UPPER($close,20,2)',
  'TA_MFI($high,$low,$close,$volume,14)',
  'TA_STOCH($high,$low,$close,5,3,3)',
  'TA_TRANGE($high,$low,$close)',
  'TA_ROC($close,70)',
  'TA_LINEARREG_SLOPE($close,14)',
  'TI_DOJI($open,$high,$low,$close)',
]

describe('a recursive step goes on from its state', () => {
  it.each(begins)('%s from row %i', (text, from) => {
    for (const each of [text, lastBits(text)]) {
      const asked = plan([parse(each)], columnNames)
      const bars = walk(560, 3, false)
      const { answers, known } = computeWhole(asked, bars, [300, 440, 480, 500])
      const resumed = resume(asked, bars, known, { row: 500, end: 560, ends: [], missing: 'none', ahead: 0 })
      expect(bitsOf(resumed.answers)).toEqual(bitsOf(answers.map((column) => column.subarray(500))))
      expect(resumed.from).toBe(from)
    }
  })

  it('begins at the first row what has no state, and leaves out missing rows', () => {
    const asked = plan([parse('TA_EMA($close,12)'), parse('TA_SMA($close,5)'), parse('EMA($close,3)')], columnNames)
    const bars = walk(560, 3, true)
    const { known } = computeWhole(asked, bars, [500])
    const [average] = recursiveSteps(asked)
    const rowOf = (states: readonly KnownStates[], missing: Resumption['missing']) => {
      const { rows } = startsOf(asked, 500, { known: states, missing })
      return asked.outputs.map(({ step }) => rows[step])
    }
    expect(rowOf(known, 'none')).toEqual([500, 448, 500])
    expect(rowOf(known, 'unknown')).toEqual([500, 0, 500])
    expect(rowOf([], 'none')).toEqual([0, 448, 0])
    // the window before 500 begins with the last bar whose number is a multiple of 64
    const rows = [...bars.close!.keys()].filter((row) => !Number.isNaN(bars.close![row]))
    const before = rows.filter((row) => row < 500).length
    const start = rows[Math.floor((before - 4) / 64) * 64]!
    expect([start > 300, start % 64 !== 0]).toEqual([true, true])
    expect(rowOf(known, atHand(bars, 0))).toEqual([500, start, 500])
    expect(rowOf(known, atHand(bars, start))).toEqual([500, start, 500])
    expect(rowOf(known, atHand(bars, start + 1))).toEqual([500, 0, 500])
    const lost = known.map(({ row, states }) => ({ row, states: new Map([...states].filter(([name]) => name !== average!.name)) }))
    expect(rowOf(lost, 'none')).toEqual([0, 448, 500])
    const short = known.map(({ row, states }) => ({ row, states: new Map([...states].map(([name, numbers]) => [name, numbers.slice(1)])) }))
    expect(rowOf(short, 'none')).toEqual([0, 448, 0])
  })

  it.each(windows)('%s is of the bars, where rows are missing: same bits', (text) => {
    const asked = plan([parse(text), parse(lastBits(text)), parse(`TA_EMA($close,5)*${text}`)], columnNames)
    const bars = walk(900, 8, true)
    const { answers, known } = computeWhole(asked, bars, [200, 500, 633, 700])
    for (const row of [520, 633, 700, 844]) {
      const again = resume(asked, bars, known, { row, end: row + 40, ends: [], missing: atHand(bars, 200), ahead: 0 })
      expect(bitsOf(again.answers)).toEqual(bitsOf(answers.map((column) => column.subarray(row, row + 40))))
      expect(again.from).toBeGreaterThan(200)
    }
  })

  it('is known by what it computes, whatever stands beside it', () => {
    const namesOf = (...texts: string[]) => recursiveSteps(plan(texts.map(parse), columnNames)).map(({ name }) => name)
    const one = 'EMA(Quantile($close,5,0.5),3)'
    const two = 'TA_EMA($close,7)/$open'
    expect(namesOf(one, two)).toEqual(namesOf(two, one).toReversed())
    expect(namesOf('Med($close,5)+Rank($close,5)', one)).toEqual(namesOf(one))
    // columns are in float64 below TA-Lib's
    expect(new Set(namesOf('EMA($close,3)', 'TA_EMA(EMA($close,3),4)')).size).toBe(3)
    expect(namesOf('TA_MACD($close,12,26,9)', 'TA_MACD_SIGNAL($close,12,26,9)')).toEqual([
      'TA_MACD($close:float64,12,26,9):float64{rows,fast{period,rows,value},slow{period,rows,value},signal{period,rows,value}}',
    ])
    expect(namesOf('EMA(TA_MACD_HIST($close,12,26,9),5)')[1]).toMatch(/^EMA\(TA_MACD\(.*\):float64#2,5\):float64\{alpha,mean,weight\}$/)
  })

  it('of what looks ahead no state is kept, for later rows are part of it', () => {
    const asked = plan([parse('Ref(EMA(Ref($close,-2),5),2)'), parse('Ref(EMA($close,7),-3)')], columnNames)
    expect(recursiveSteps(asked).map(({ name }) => name)).toEqual(['EMA($close:float32,7):float64{alpha,mean,weight}'])
  })

  it('gives the same bits and the same states for any expressions together', () => {
    const given = fc.record({
      asked: fc.array(expressions({ ahead: true, recursive: true }), { minLength: 1, maxLength: 4 }),
      seed: fc.nat(1000),
      cuts: fc.uniqueArray(fc.integer({ min: 1, max: 590 }), { minLength: 1, maxLength: 6 }),
      row: fc.integer({ min: 0, max: 590 }),
      count: fc.integer({ min: 1, max: 120 }),
      gaps: fc.constantFrom<'none' | 'unknown' | number>('none', 'unknown', 0, 200, 400),
      forgotten: fc.nat(12),
    })
    let resumed = 0
    fc.assert(
      fc.property(given, ({ asked: some, seed, cuts, row, count, gaps, forgotten }) => {
        const readable = some.filter((expression) => readableIn(expression))
        fc.pre(readable.length > 0)
        const asked = plan(readable, columnNames)
        const bars = walk(600, seed, gaps !== 'none')
        const missing = typeof gaps === 'number' ? atHand(bars, gaps) : gaps
        const end = Math.min(600, row + count)
        const ends = cuts.toSorted((a, b) => a - b)
        const whole = computeWhole(asked, bars, ends)
        expect(bitsOf(whole.answers)).toEqual(bitsOf(evaluate(asked, bars)))
        // the state before a row is that of a series which ends there
        const ended = computeWhole(asked, rowsOf(bars, 0, ends[0]!), ends.slice(0, 1))
        expect(bitsOf([ended.states])).toEqual(bitsOf([whole.states.subarray(0, ended.states.length)]))

        const lost = recursiveSteps(asked)[forgotten]?.name
        const known = whole.known.map(({ row, states }) => ({ row, states: new Map([...states].filter(([name]) => name !== lost)) }))
        const later = ends.filter((each) => each > row && each <= end)
        const ahead = Math.max(0, ...readable.map(lookahead))
        const again = resume(asked, bars, known, { row, end, ends: later, missing, ahead })
        for (const [index, expression] of readable.entries())
          expect([print(expression), ...bitsOf([again.answers[index]!])]).toEqual([
            print(expression),
            ...bitsOf([whole.answers[index]!.subarray(row, end)]),
          ])
        const numbers = numbersOf(asked)
        const at = ends.indexOf(later[0] ?? 0) * numbers
        expect(bitsOf([again.states])).toEqual(later.length === 0 ? [''] : bitsOf([whole.states.subarray(at, at + later.length * numbers)]))
        if (again.from > 0 && readable.some((expression) => ownReach(expression).recursive)) resumed++
      }),
      { numRuns: 300 },
    )
    expect(resumed).toBeGreaterThan(20)
  })
})

/** Some that are drawn read no column, or none of them. */
function readableIn(expression: Expression): boolean {
  try {
    return plan([expression], columnNames).outputs.length === 1
  } catch {
    return false
  }
}
