import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#contracts/canonical-json.ts'
import { QualityReport } from '#contracts/quality.ts'
import { xnys } from '#domain/calendar/calendars.ts'
import type { CorporateAction } from '#domain/market/actions.ts'
import type { BarColumns } from '#domain/market/bars.ts'
import type { PriceJump } from '#domain/market/price-jumps.ts'
import { assumedKnownAt } from '#domain/market/session-days.ts'
import type { Quarantined } from '#domain/quality/quality-report.ts'
import { SnapshotExamination } from '#domain/quality/snapshot-examination.ts'
import { Worst } from '#domain/quality/worst.ts'
import { randomNumbers } from '#tests/support/bars.ts'
import '#tests/support/property-seed.ts'

const sessions = xnys.sessionsBetween('2015-01-02', '2016-12-30')

/** A quiet walk over the sessions of XNYS. */
function quiet(symbol: string, seed: number, days: readonly string[] = sessions): BarColumns {
  const random = randomNumbers(seed)
  let price = 50
  const close = Float64Array.from(days, () => (price *= 1 + 0.02 * (random() - 0.5)))
  return {
    symbol,
    sessions: [...days],
    open: close.slice(),
    high: close.map((value) => value * 1.01),
    low: close.map((value) => value * 0.99),
    close,
    volume: close.map(() => 1 + Math.floor(1e6 * random())),
    adjustedClose: undefined,
    knownAt: days.map(assumedKnownAt),
  }
}

/** Rows that `keep` says. */
function kept(bars: BarColumns, keep: (row: number) => boolean): BarColumns {
  const of = (column: Float64Array) => column.filter((_, row) => keep(row))
  return {
    ...bars,
    sessions: bars.sessions.filter((_, row) => keep(row)),
    knownAt: bars.knownAt.filter((_, row) => keep(row)),
    open: of(bars.open),
    high: of(bars.high),
    low: of(bars.low),
    close: of(bars.close),
    volume: of(bars.volume),
    adjustedClose: bars.adjustedClose && of(bars.adjustedClose),
  }
}

/** The close of a row, and the prices around it, times `by`. */
function times(bars: BarColumns, rows: readonly number[], by: number): BarColumns {
  const of = (column: Float64Array) => column.map((value, row) => (rows.includes(row) ? value * by : value))
  return { ...bars, open: of(bars.open), high: of(bars.high), low: of(bars.low), close: of(bars.close) }
}

const from = (row: number) => Array.from({ length: sessions.length - row }, (_, i) => row + i)

type Around = { actions?: CorporateAction[]; jumps?: PriceJump[]; quarantine?: Quarantined }

function examine(all: readonly BarColumns[], { actions = [], jumps = [], quarantine = { rows: 0, reasons: [] } }: Around = {}) {
  const ordered = (values: string[]) => values.toSorted()
  const examination = new SnapshotExamination({
    snapshotId: 'a'.repeat(64),
    knownAtBasis: 'assumed',
    firstSession: ordered(all.map((bars) => bars.sessions[0]!))[0]!,
    lastSession: ordered(all.map((bars) => bars.sessions.at(-1)!)).at(-1)!,
    actions: actions.length,
    clearedJumps: jumps,
  })
  for (const bars of all)
    examination.add(
      bars,
      actions.filter(({ symbol }) => symbol === bars.symbol),
    )
  const report = examination.report([xnys], quarantine)
  // what is computed is what the contract says
  expect(QualityReport.parse(JSON.parse(canonicalJson(report)))).toEqual(report)
  return report
}

const kindsOf = (report: ReturnType<typeof examine>) => report.findings.map(({ severity, kind }) => `${severity} ${kind}`)

const action = (fields: Partial<CorporateAction>): CorporateAction => ({
  symbol: 'A',
  exDate: sessions[100]!,
  kind: 'split',
  knownAt: assumedKnownAt(sessions[100]!),
  basis: 'given',
  ...fields,
})

describe('a report', () => {
  it('has nothing to say of bars on every session of their exchange', () => {
    const report = examine([quiet('A', 1), quiet('B', 2)])
    expect(report.findings).toEqual([])
    expect(report).toMatchObject({
      calendar: { name: 'XNYS', basis: 'exchange' },
      sessions: sessions.length,
      expected: 2 * sessions.length,
      present: 2 * sessions.length,
      gaps: { total: 0 },
    })
    expect(report.months).toHaveLength(24)
    expect(report.months[0]).toEqual({ month: '2015-01', listed: 2, expected: 40, present: 40 })
  })

  it('counts each missing session once, whichever are missing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: sessions.length - 2 }), { maxLength: 40 }), (missing) => {
        const report = examine([kept(quiet('A', 1), (row) => !missing.includes(row)), quiet('B', 2)])
        const [a] = report.symbols
        expect(report.calendar.name).toBe('XNYS')
        expect([a!.missing, report.expected - report.present]).toEqual([missing.length, missing.length])
        expect(report.gaps.shown.reduce((sum, gap) => sum + gap.sessions, 0)).toBe(missing.length)
        expect(a!.incomplete.reduce((sum, { expected, present }) => sum + expected - present, 0)).toBe(missing.length)
        expect(report.months.reduce((sum, { expected, present }) => sum + expected - present, 0)).toBe(missing.length)
        for (const { from: first, to, sessions: length } of report.gaps.shown)
          expect(sessions.indexOf(to) - sessions.indexOf(first) + 1).toBe(length)
      }),
      { numRuns: 40 },
    )
  })

  it('is the same whatever order the symbols come in', () => {
    const all = [times(quiet('C', 3), [50], 2), kept(quiet('A', 1), (row) => row < 200 || row > 230), times(quiet('B', 2), from(300), 0.5)]
    const expected = canonicalJson(examine(all))
    for (const order of [
      [2, 0, 1],
      [1, 2, 0],
    ])
      expect(canonicalJson(examine(order.map((at) => all[at]!)))).toBe(expected)
  })

  it('lists findings worst first', () => {
    const report = examine([times(quiet('A', 1), [50], 2), kept(quiet('B', 2), (row) => row !== 9)])
    expect(kindsOf(report)).toEqual(['critical price-reversals', 'info gaps'])
  })
})

describe('sessions', () => {
  it('are those of the data where no exchange fits, and thin days are none', () => {
    const daily = Array.from({ length: 200 }, (_, day) => new Date(Date.UTC(2020, 0, 1 + day)).toISOString().slice(0, 10))
    const crypto = Array.from({ length: 12 }, (_, n) =>
      quiet(`C${String(n).padStart(2, '0')}`, n, n === 0 ? daily : daily.filter((_, day) => day !== 100)),
    )
    const report = examine(crypto)
    expect(report.calendar).toEqual({ name: 'own', basis: 'own' })
    expect(report.sessions).toBe(199)
    expect(report.symbols[0]).toMatchObject({ symbol: 'C00', offCalendar: 1, missing: 0 })
    expect(kindsOf(report)).toContain('info own-calendar')
  })

  it('that a few bars lie beside are still the exchange’s', () => {
    const withSunday = quiet('A', 1, [...sessions, '2015-06-07'].toSorted())
    const report = examine([withSunday, quiet('B', 2)])
    expect(report.calendar.name).toBe('XNYS')
    expect(report.symbols[0]!.offCalendar).toBe(1)
    expect(kindsOf(report)).toEqual(['info off-calendar'])
  })
})

describe('moves', () => {
  it('that an action explains are not extreme, and say so', () => {
    const halved = times(quiet('A', 1), from(100), 0.5)
    const known = examine([halved], { actions: [action({ ratio: 2 })] })
    expect(known.moves.shown).toMatchObject([{ session: sessions[100], splitSized: true, explainedBy: 'action', reverses: false }])
    expect(kindsOf(known)).toEqual(['info explained-jumps'])
    const unknown = examine([halved])
    expect(unknown.moves.shown).toMatchObject([{ session: sessions[100], explainedBy: null }])
    expect(kindsOf(unknown)).toEqual(['warning unexplained-moves'])
  })

  it('that the vendor or a person cleared say by whom', () => {
    const halved = times(quiet('A', 1), from(100), 0.5)
    for (const clearedBy of ['adjusted-close', 'approval'] as const) {
      const jump = { symbol: 'A', session: sessions[100]!, previousClose: 1, close: 0.5, change: -0.5, clearedBy }
      const report = examine([halved], { jumps: [jump] })
      expect(report.moves.shown[0]!.explainedBy).toBe(clearedBy)
      expect(report.tally.explainedJumps[clearedBy]).toBe(1)
    }
  })

  it('that the next session took back are suspect, but for a person’s word', () => {
    const spike = times(quiet('A', 1), [100], 10)
    const jump = { symbol: 'A', session: sessions[100]!, previousClose: 1, close: 10, change: 9 }
    const byVendor = examine([spike], { jumps: [{ ...jump, clearedBy: 'adjusted-close' }] })
    expect(byVendor.moves.shown[0]).toMatchObject({ session: sessions[100], reverses: true })
    expect(kindsOf(byVendor)[0]).toBe('critical price-reversals')
    expect(byVendor.moves.total).toBe(1)
    const byPerson = examine([spike], { jumps: [{ ...jump, clearedBy: 'approval' }] })
    expect(kindsOf(byPerson)).toEqual(['info explained-jumps'])
  })

  it('have no z where most returns are equal, or few are known', () => {
    const flat = quiet('A', 1)
    flat.close.fill(50, 0, 400)
    expect(examine([flat]).symbols[0]!.largestZ).toBeNull()
    expect(examine([quiet('A', 1, sessions.slice(0, 60))]).symbols[0]!.largestZ).toBeNull()
    expect(examine([quiet('A', 1, sessions.slice(0, 61))]).symbols[0]!.largestZ).not.toBeNull()
  })
})

describe('prices', () => {
  it('that stand still are told from the fifth session on, with what was traded meanwhile', () => {
    const still = quiet('A', 1)
    still.close.fill(50, 100, 104)
    expect(examine([still]).stale.total).toBe(0)
    still.close[104] = 50
    still.open.fill(50, 100, 105)
    const report = examine([{ ...still, high: still.high.fill(60, 100, 105), low: still.low.fill(40, 100, 105) }])
    expect(report.stale.shown).toEqual([
      {
        symbol: 'A',
        from: sessions[100],
        to: sessions[104],
        sessions: 5,
        close: 50,
        volume: still.volume.subarray(100, 105).reduce((a, b) => a + b),
      },
    ])
    expect(kindsOf(report)).toEqual(['warning stale-prices'])
  })

  it('outside low to high, and highs and lows far from open and close, are odd bars', () => {
    const odd = quiet('A', 1)
    odd.close[10] = odd.high[10]! * 1.02
    odd.high[20] = Math.max(odd.open[20]!, odd.close[20]!) * 1.34
    odd.low[30] = Math.min(odd.open[30]!, odd.close[30]!) * 0.74
    odd.high[40] = Math.max(odd.open[40]!, odd.close[40]!) * 1.32
    const report = examine([odd])
    expect(report.shapes.shown.map(({ session, kind }) => [sessions.indexOf(session), kind])).toEqual([
      [10, 'contradictory'],
      [20, 'spike-up'],
      [30, 'spike-down'],
    ])
    expect(report.shapes.shown.map(({ beyond }) => Number(beyond.toFixed(4)))).toEqual([0.02, 0.34, 0.26])
    expect(report.symbols[0]!.oddBars).toBe(3)
  })

  it('at or below zero are told as contradictory, and take part in no return', () => {
    const zero = quiet('A', 1)
    zero.close[10] = 0
    zero.low[10] = 0
    const report = examine([zero])
    expect(report.shapes.shown).toMatchObject([{ session: sessions[10], kind: 'contradictory' }])
    expect(report.moves.total).toBe(0)
  })

  it('of a vendor that tells other returns are named where they differ', () => {
    const bars = quiet('A', 1)
    const adjustedClose = bars.close.map((value, row) => value * (row < 100 ? 0.9 : 1))
    const unknown = examine([{ ...bars, adjustedClose }])
    expect(unknown.disagreements.shown.map(({ session }) => session)).toEqual([sessions[100]])
    const cash = bars.close[99]! * 0.1
    const known = examine([{ ...bars, adjustedClose }], { actions: [action({ kind: 'dividend', cash })] })
    expect(known.disagreements.total).toBe(0)
  })
})

it('sessions without volume are counted, with the longest run; a symbol that never has any is told apart', () => {
  const bars = quiet('A', 1)
  bars.volume.fill(0, 10, 13)
  bars.volume[50] = 0
  const index = quiet('B', 2)
  index.volume.fill(0)
  const report = examine([bars, index])
  expect(report.zeroVolume.shown).toEqual([
    {
      symbol: 'B',
      rows: sessions.length,
      sessions: sessions.length,
      longest: { from: sessions[0], to: sessions.at(-1), sessions: sessions.length },
    },
    { symbol: 'A', rows: sessions.length, sessions: 4, longest: { from: sessions[10], to: sessions[12], sessions: 3 } },
  ])
  expect(report.findings.find(({ kind }) => kind === 'zero-volume')!.text).toContain('1 never any')
})

it('bars that end early want an action that says why', () => {
  const gone = quiet('A', 1, sessions.slice(0, 300))
  expect(examine([gone, quiet('B', 2)]).symbols[0]).toMatchObject({ status: 'ended', missing: 0 })
  const delisting = action({ kind: 'delisting', exDate: sessions[299]! })
  expect(examine([gone, quiet('B', 2)], { actions: [delisting] }).symbols[0]!.status).toBe('delisted')
})

it('an action that cannot be applied is told, and the symbol is examined without', () => {
  const report = examine([quiet('A', 1)], { actions: [action({ kind: 'dividend', cash: 1e6 })] })
  expect(report.findings).toMatchObject([
    { severity: 'critical', kind: 'unusable-actions', count: 1, text: expect.stringContaining('A on') },
  ])
  expect(report.symbols[0]!.largestZ).not.toBeNull()
})

it('refused rows weigh by their part', () => {
  const reasons = [{ reason: 'volume … is negative', rows: 1, example: { file: 'f', line: 2, reason: 'volume -1 is negative', raw: 'x' } }]
  const severityOf = (rows: number) => examine([quiet('A', 1)], { quarantine: { rows, reasons } }).findings[0]!.severity
  expect([1, 5, 100].map(severityOf)).toEqual(['info', 'warning', 'critical'])
})

it('the worst of many are those that sorting all would give', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 })), fc.integer({ min: 1, max: 9 }), (values, most) => {
      const worst = new Worst<number>(most, (a, b) => b - a)
      for (const value of values) worst.add(value)
      expect(worst.list()).toEqual({ total: values.length, shown: values.toSorted((a, b) => b - a).slice(0, most) })
    }),
  )
})
